#include "figment/data/gzip.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/bytes.h"

namespace figment {
namespace {

// Neither zlib nor read() takes more than fits its own counters at once.
constexpr std::size_t kChunk = 1 << 30;

[[noreturn]] void fail_to_read(const std::string& path, int error) {
  const bool absent =
      error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
  fail(absent ? Cause::kData : Cause::kIo, path, "cannot be read: ", std::strerror(error));
}

// An open regular file.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path)
      // Opening a pipe would wait for its writer without O_NONBLOCK.
      : path_(path.string()), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (file_ < 0) fail_to_read(path_, errno);
    struct stat status {};
    if (::fstat(file_, &status) != 0) {
      const int error = errno;
      ::close(file_);
      fail_to_read(path_, error);
    }
    if (!S_ISREG(status.st_mode)) {
      ::close(file_);
      fail(Cause::kData, path_, "expected a file, got ",
           S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~InputFile() { ::close(file_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }

  // The first `count` bytes, which the file has.
  std::string read(std::size_t count) const {
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < count) {
      const auto got = ::read(file_, bytes.data() + done, std::min(count - done, kChunk));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_to_read(path_, errno);
      if (got == 0) fail(Cause::kData, at_offset(path_, done), "the file shrank while it was read");
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

 private:
  std::string path_;
  int file_;
  std::uint64_t size_ = 0;
};

// zlib's inflation of one string, member after member.
class Inflater {
 public:
  explicit Inflater(std::string_view bytes) : bytes_(bytes) {
    // 16: gzip with its checksum and length, nothing else.
    FIGMENT_CHECK(inflateInit2(&stream_, 15 + 16) == Z_OK);
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Bytes of the input consumed.
  std::size_t offset() const { return offset_; }
  const char* message() const { return stream_.msg != nullptr ? stream_.msg : "bad data"; }
  void next_member() { inflateReset(&stream_); }

  // Inflates into out[size...] as far as that goes; advances `size`; returns zlib's code.
  int advance(std::string& out, std::size_t& size) {
    const auto in_count = std::min(bytes_.size() - offset_, kChunk);
    const auto out_count = std::min(out.size() - size, kChunk);
    // zlib does not write through next_in; its interface merely predates const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes_.data() + offset_));
    stream_.avail_in = static_cast<uInt>(in_count);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream_.avail_out = static_cast<uInt>(out_count);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    offset_ += in_count - stream_.avail_in;
    size += out_count - stream_.avail_out;
    return code;
  }

 private:
  std::string_view bytes_;
  z_stream stream_{};
  std::size_t offset_ = 0;
};

// What the last member says that it inflates to, modulo 2^32 (RFC 1952, ISIZE): a guess at the
// whole, right for files of one member, that saves growing and copying. Never so much that a lie
// would cost more than a moment; what inflates further grows.
std::size_t likely_size(std::string_view bytes) {
  constexpr std::size_t kMostPerByte = 16;
  if (bytes.size() < 18) return 64;
  return std::min<std::size_t>(little_endian(bytes, bytes.size() - 4, 4),
                               kMostPerByte * bytes.size());
}

}  // namespace

bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 3 && bytes[0] == '\x1f' && bytes[1] == '\x8b' && bytes[2] == '\x08';
}

std::string gunzip(std::string_view bytes, const std::string& where, std::uint64_t limit) {
  Inflater inflater(bytes);
  // One byte above the limit tells an overrun from an exact fit.
  const auto ceiling = static_cast<std::size_t>(limit) + 1;
  // One more, in which zlib finds the end within the same call.
  std::string out(std::min(ceiling, std::max<std::size_t>(likely_size(bytes) + 1, 64)), '\0');
  std::size_t size = 0;
  for (;;) {
    const int code = inflater.advance(out, size);
    if (size > limit)
      fail(Cause::kData, at_offset(where, inflater.offset()), "inflates to more than ",
           human_bytes(static_cast<double>(limit)), ", the most that is taken into memory");
    if (code == Z_STREAM_END) {
      if (inflater.offset() == bytes.size()) break;
      if (!is_gzip(bytes.substr(inflater.offset())))
        fail(Cause::kData, at_offset(where, inflater.offset()),
             "expected the end of the gzip data, got ", bytes.size() - inflater.offset(),
             " further bytes");
      inflater.next_member();
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      fail(Cause::kData, at_offset(where, inflater.offset()), "corrupt gzip: ", inflater.message());
    }
    if (size == out.size()) {
      out.resize(std::min(ceiling, 2 * out.size()));
    } else if (inflater.offset() == bytes.size()) {
      fail(Cause::kData, at_offset(where, bytes.size()),
           "the gzip data is truncated: the file ends before they do");
    }
  }
  out.resize(size);
  return out;
}

std::string read_data(const std::filesystem::path& path, std::uint64_t limit) {
  const InputFile file(path);
  if (file.size() > limit)
    fail(Cause::kData, path.string(), "holds ", human_bytes(static_cast<double>(file.size())),
         ", more than the ", human_bytes(static_cast<double>(limit)),
         " that are taken into memory");
  auto bytes = file.read(static_cast<std::size_t>(file.size()));
  return is_gzip(bytes) ? gunzip(bytes, path.string(), limit) : bytes;
}

std::string read_data_head(const std::filesystem::path& path, std::size_t count) {
  const InputFile file(path);
  const auto take = [&](std::size_t n) {
    return file.read(static_cast<std::size_t>(std::min<std::uint64_t>(n, file.size())));
  };
  // Deflate never needs that much to bring forth its first bytes, whatever name its header carries.
  auto bytes = take(count + 4096);
  if (is_gzip(bytes)) {
    std::string out(count, '\0');
    std::size_t size = 0;
    Inflater(bytes).advance(out, size);
    out.resize(size);
    return out;
  }
  bytes.resize(std::min(count, bytes.size()));
  return bytes;
}

}  // namespace figment
