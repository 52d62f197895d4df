// A file of one JSON value per line that only grows (metrics.jsonl), and what a crash leaves of it.
// A line counts once its newline is there; what follows the last newline is a torn line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace figment {

// Appends lines; one writer per file. Opening creates the file, or cuts off its torn line.
class JsonLines {
 public:
  // Throws Error(kIo) when the file cannot be opened or cut.
  explicit JsonLines(std::filesystem::path path);
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;

  // One line in one write(2), so that a reader meets whole lines. NaN and infinities become null,
  // which is all that JSON has for them; text that is not UTF-8 gets U+FFFD in place of the bad
  // bytes. Throws Error(kIo); the file then still ends with the line before.
  void append(const nlohmann::json& line);
  // Returns once all appended lines are on disk. Throws Error(kIo).
  void sync();

 private:
  void cut();  // to size_, the bytes of whole lines

  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t size_ = 0;
  bool torn_ = false;
};

// The values of all whole lines; a torn last line is left out. Throws Error(kCheckpoint) with the
// number of the line when a whole line is no JSON, or when the file cannot be read.
std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path);

// Durably drops the lines for which `keep` is false, and a torn last one; what stays keeps its
// bytes. A missing file is left missing. Resuming at step S keeps the lines with step <= S. Throws
// as read_json_lines, and Error(kIo) when the file cannot be replaced; it is then as it was.
void keep_json_lines(const std::filesystem::path& path,
                     const std::function<bool(const nlohmann::json&)>& keep);

}  // namespace figment
