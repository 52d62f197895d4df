#include "figment/data/untar.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/text.h"

namespace figment {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kStreamLimit = 1ULL << 30;

using Header = std::array<char, kBlock>;

// The unpacked stream, with the offset that messages need.
class Stream {
 public:
  explicit Stream(const std::filesystem::path& file)
      : name_(file.string()), file_(::gzopen(file.c_str(), "rb")) {
    if (!file_) fail(Cause::kData, name_, "could not be opened: ", std::strerror(errno));
  }
  ~Stream() { ::gzclose(file_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[noreturn]] void fail_here(const std::string& sentence) const {
    fail(Cause::kData, name_ + ": offset " + std::to_string(offset_), sentence);
  }

  void read(char* bytes, std::size_t count) {
    if (offset_ + count > kStreamLimit) fail_here("expected at most 1 GiB unpacked, got more");
    const int got = ::gzread(file_, bytes, static_cast<unsigned>(count));
    if (got < 0) {
      int code = 0;
      fail_here("the compressed data is damaged: " + printable(::gzerror(file_, &code), 100));
    }
    if (static_cast<std::size_t>(got) != count) fail_here("the archive is cut off");
    offset_ += count;
  }

  void skip(std::uint64_t count) {
    std::vector<char> sink(1 << 16);
    while (count > 0) {
      const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(count, sink.size()));
      read(sink.data(), now);
      count -= now;
    }
  }

 private:
  std::string name_;
  gzFile file_;
  std::uint64_t offset_ = 0;
};

// A number field: octal digits between blanks or zeros. Throws on anything else.
std::uint64_t octal(const Stream& in, const Header& header, std::size_t at, std::size_t width) {
  std::string_view field(header.data() + at, width);
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  std::uint64_t value = 0;
  std::size_t digits = 0;
  while (digits < field.size() && field[digits] >= '0' && field[digits] <= '7') {
    value = value * 8 + static_cast<std::uint64_t>(field[digits++] - '0');
  }
  const bool clean = field.find_first_not_of(std::string_view(" \0", 2), digits) == field.npos;
  if (digits == 0 || !clean) in.fail_here("expected a tar header, got a number field that is none");
  return value;
}

void check_sum(const Stream& in, const Header& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  }
  if (octal(in, header, 148, 8) != sum) {
    in.fail_here("expected a tar header, got a block whose checksum is wrong");
  }
}

// The last part of the path in the header; the prefix field of ustar cannot change it.
std::string base_name(const Header& header) {
  const std::string path(header.data(), ::strnlen(header.data(), 100));
  return path.substr(path.rfind('/') + 1);
}

void check_size(const Stream& in, const ArchiveMember& member, std::uint64_t size) {
  if (member.size ? size != member.size : size > kMemberLimit) {
    in.fail_here("expected " + (member.size ? "" : std::string("at most ")) +
                 std::to_string(member.size ? member.size : kMemberLimit) + " bytes of " +
                 member.name + ", got " + std::to_string(size));
  }
}

}  // namespace

void extract_members(const std::filesystem::path& archive,
                     const std::vector<ArchiveMember>& members,
                     const std::filesystem::path& folder) {
  Stream in(archive);
  std::vector<bool> found(members.size());
  while (!std::all_of(found.begin(), found.end(), [](bool is) { return is; })) {
    Header header{};
    in.read(header.data(), kBlock);
    if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) break;
    check_sum(in, header);
    const std::uint64_t size = octal(in, header, 124, 12);
    const std::uint64_t padding = (kBlock - size % kBlock) % kBlock;
    const bool plain = header[156] == '0' || header[156] == '\0';
    const std::string name = base_name(header);
    const auto member = std::find_if(members.begin(), members.end(),
                                     [&](const ArchiveMember& m) { return m.name == name; });
    if (!plain || member == members.end()) {
      in.skip(size);
    } else {
      const auto index = static_cast<std::size_t>(member - members.begin());
      if (found[index]) in.fail_here("the archive holds " + member->name + " twice");
      check_size(in, *member, size);
      std::string bytes(size, '\0');  // no more than the size we expect
      in.read(bytes.data(), bytes.size());
      write_durably(folder / member->name, bytes);
      found[index] = true;
    }
    in.skip(padding);
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!found[i]) fail(Cause::kData, archive.string(), "the archive holds no ", members[i].name);
  }
}

}  // namespace figment
