#include "figment/report/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}

template <class Number>
std::string little_endian(Number value) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// The checksum of a record, masked as the format wants it (so that a sum of sums is no zero).
std::string masked_crc(std::string_view bytes) {
  const auto sum = crc32c(bytes);
  return little_endian((sum >> 15 | sum << 17) + 0xa282ead8u);
}

// --- Protobuf: a field is its number and wire type, then its value ---

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}

std::string key(int field, int wire_type) {
  return varint(static_cast<std::uint64_t>(field << 3 | wire_type));
}

std::string integer_field(int field, std::int64_t value) {
  return key(field, 0) + varint(static_cast<std::uint64_t>(value));
}

std::string double_field(int field, double value) { return key(field, 1) + little_endian(value); }

std::string bytes_field(int field, std::string_view bytes) {
  return key(field, 2) + varint(bytes.size()) + std::string(bytes);
}

std::string float_field(int field, float value) { return key(field, 5) + little_endian(value); }

// Event.summary = 5, Summary.value = 1, Value.tag = 1.
std::string summary(std::string_view tag, std::string_view value) {
  return bytes_field(5, bytes_field(1, bytes_field(1, tag) + std::string(value)));
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t sum = ~0u;
  for (const char c : bytes) sum = kTable[(sum ^ static_cast<unsigned char>(c)) & 255] ^ sum >> 8;
  return ~sum;
}

TensorBoardWriter::TensorBoardWriter(const std::filesystem::path& folder, std::int64_t resumed_at) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(Cause::kIo, folder.string(), "cannot create the folder: ", error.message());
  const auto stem = "events.out.tfevents." +
                    std::to_string(static_cast<std::int64_t>(seconds_since_1970())) + "." +
                    host_name() + "." + std::to_string(getpid());
  // A second writer of the same process and second gets the next number.
  for (int number = 0; file_ < 0; ++number) {
    path_ = folder / (stem + "." + std::to_string(number));
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0 && errno != EEXIST) {
      fail(Cause::kIo, path_.string(), "cannot create the file: ", std::strerror(errno));
    }
  }
  event(0, bytes_field(3, "brain.Event:2"));  // Event.file_version
  // Event.session_log = 7, SessionLog.status = 1: START.
  if (resumed_at > 0) event(resumed_at, bytes_field(7, integer_field(1, 1)));
}

TensorBoardWriter::~TensorBoardWriter() { close(file_); }

void TensorBoardWriter::scalar(std::string_view tag, std::int64_t step, double value) {
  event(step, summary(tag, float_field(2, static_cast<float>(value))));  // Value.simple_value
}

void TensorBoardWriter::image(std::string_view tag, std::int64_t step, std::string_view png,
                              std::int64_t height, std::int64_t width) {
  // Value.image = 4: height, width, colorspace (3 = RGB), encoded_image_string.
  const auto picture = integer_field(1, height) + integer_field(2, width) + integer_field(3, 3) +
                       bytes_field(4, png);
  event(step, summary(tag, bytes_field(4, picture)));
}

void TensorBoardWriter::event(std::int64_t step, std::string_view fields) {
  const auto message =
      double_field(1, seconds_since_1970()) + integer_field(2, step) + std::string(fields);
  const auto length = little_endian(static_cast<std::uint64_t>(message.size()));
  const auto record = length + masked_crc(length) + message + masked_crc(message);
  for (std::size_t done = 0; done < record.size();) {
    const auto count = write(file_, record.data() + done, record.size() - done);
    if (count < 0 && errno != EINTR) {
      fail(Cause::kIo, path_.string(), "cannot append: ", std::strerror(errno));
    }
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

}  // namespace figment
