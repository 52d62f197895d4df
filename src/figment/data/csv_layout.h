// What each column of a table is for, from its header or its given names, and the options.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "figment/data/read_options.h"

namespace figment {

// The number that is all of `text`, as float32 (inf where it is beyond), or nothing.
std::optional<float> parse_number(std::string_view text);
// A number, or what stands where a number is missing ("", "?", "NA", ...).
bool like_a_number(std::string_view field);

struct CsvLayout {
  std::size_t columns = 0;
  bool header = false;                 // the first line is one
  std::vector<std::string> names{};    // of all columns; empty when nobody names them
  std::optional<std::size_t> label{};  // the column of labels
  std::vector<ColumnRole> roles{};     // of each column: kAny, kNumber, kWord, kLabel, kIgnored

  // Looks at the first two records of a table (`second` may be empty). Throws Error(kData) with
  // `where` for a label column that does not exist, names that do not fit, and, with
  // options.guard_label, a column that looks like the label; Error(kConfig) for columns in `ignore`
  // and `words` that do not exist or are the label.
  static CsvLayout of(const std::vector<std::string_view>& first,
                      const std::vector<std::string_view>& second, const std::string& where,
                      const ReadOptions& options);

  std::string text(std::size_t i) const;  // "column 'b'", or "column 1"
  std::string name(std::size_t i) const;  // "b", or "1"
  std::size_t inputs() const;             // columns that are neither label nor left out
  bool is_input(std::size_t i) const {
    return roles[i] != ColumnRole::kLabel && roles[i] != ColumnRole::kIgnored;
  }
};

}  // namespace figment
