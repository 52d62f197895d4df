// The records of a CSV file (RFC 4180), one after the other, without copying what needs none.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace figment {

// The text as one field, in quotes where it would not be read back as itself without them.
std::string csv_field(const std::string& text);

// Splits text into records of fields. Also takes ';' or tab between fields, told from the first
// line, and the line ends of every system; skips empty lines and a byte order mark. Fields are
// trimmed of surrounding blanks unless quoted.
class CsvRecords {
 public:
  static constexpr std::size_t kMaxFields = 100000;

  CsvRecords(std::string_view text, std::string where);

  // Reads the next record into `fields`, valid until the next call; false at the end. Throws
  // Error(kData) with file and line for a quote out of place or never closed, and too many fields.
  bool next(std::vector<std::string_view>& fields);

  // The line, from 1, at which the record last read begins.
  std::uint64_t line() const { return record_line_; }
  char delimiter() const { return delimiter_; }
  std::string where() const;  // "table.csv:12"

 private:
  bool at_line_end() const;
  void skip_line_end();
  std::string_view plain_field();
  std::string_view quoted_field();

  std::string_view text_;
  std::string where_;
  char delimiter_ = ',';
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
  std::deque<std::string> unescaped_;  // fields that held doubled quotes; a deque never moves them
};

}  // namespace figment
