// JSON lines: appending by one write, reading and cutting past a torn end.
#include "figment/core/json_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "figment/core/files.h"
#include "figment/core/text.h"

namespace figment {
namespace {

using nlohmann::json;

[[noreturn]] void fail_errno(const std::filesystem::path& path, std::string_view action) {
  fail(Cause::kIo, path.string(), action, ": ", std::generic_category().message(errno));
}

// Where the torn line begins: behind the last newline.
std::int64_t whole_size(int file, std::int64_t size, const std::filesystem::path& path) {
  char block[4096];
  for (std::int64_t end = size; end > 0;) {
    const std::int64_t begin = std::max<std::int64_t>(0, end - std::int64_t{sizeof block});
    const ssize_t got = ::pread(file, block, static_cast<std::size_t>(end - begin), begin);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(path, "cannot be read");
    if (got != end - begin) fail(Cause::kIo, path.string(), "shrank while it was read");
    const auto newline = std::string_view(block, static_cast<std::size_t>(got)).rfind('\n');
    if (newline != std::string_view::npos) return begin + static_cast<std::int64_t>(newline) + 1;
    end = begin;
  }
  return 0;
}

// Calls use(line, value) for every whole line of `bytes`.
template <class Use>
void for_each_line(std::string_view bytes, const std::filesystem::path& path, Use use) {
  for (std::int64_t number = 1;; ++number) {
    const auto newline = bytes.find('\n');
    if (newline == std::string_view::npos) return;
    const std::string_view line = bytes.substr(0, newline);
    const json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) {
      fail(Cause::kCheckpoint, path.string() + ": line " + std::to_string(number),
           "expected a JSON value, got '", printable(line), "'");
    }
    use(bytes.substr(0, newline + 1), value);
    bytes.remove_prefix(newline + 1);
  }
}

}  // namespace

JsonLines::JsonLines(std::filesystem::path path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
  if (file_ < 0) fail_errno(path_, "cannot be opened for appending");
  try {
    struct stat status {};
    if (::fstat(file_, &status) != 0) fail_errno(path_, "cannot be read");
    if (!S_ISREG(status.st_mode)) fail(Cause::kIo, path_.string(), "expected a file to append to");
    size_ = whole_size(file_, status.st_size, path_);
    if (size_ != status.st_size) cut();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

JsonLines::~JsonLines() { ::close(file_); }

void JsonLines::cut() {
  while (::ftruncate(file_, size_) != 0) {
    if (errno != EINTR) fail_errno(path_, "cannot be cut to its last whole line");
  }
  torn_ = false;
}

void JsonLines::append(const json& line) {
  if (torn_) cut();
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::string_view left = text;
  while (!left.empty()) {
    // One write takes it all, but for a nearly full disk: that takes a part, and then says why.
    const ssize_t put = ::write(file_, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int error = put < 0 ? errno : ENOSPC;
      torn_ = ::ftruncate(file_, size_) != 0;
      errno = error;
      fail_errno(path_, "cannot be appended to");
    }
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  size_ += static_cast<std::int64_t>(text.size());
}

void JsonLines::sync() {
  while (::fsync(file_) != 0) {
    if (errno != EINTR) fail_errno(path_, "cannot be written to the disk");
  }
}

std::vector<json> read_json_lines(const std::filesystem::path& path) {
  std::vector<json> values;
  const std::string bytes = read_file(path, 1ULL << 34, Cause::kCheckpoint);
  for_each_line(bytes, path, [&](std::string_view, const json& value) { values.push_back(value); });
  return values;
}

void keep_json_lines(const std::filesystem::path& path,
                     const std::function<bool(const json&)>& keep) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) return;
  const std::string bytes = read_file(path, 1ULL << 34, Cause::kCheckpoint);
  std::string kept;
  for_each_line(bytes, path, [&](std::string_view line, const json& value) {
    if (keep(value)) kept += line;
  });
  if (kept != bytes) write_durably(path, kept);
}

}  // namespace figment
