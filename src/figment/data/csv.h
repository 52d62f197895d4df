// Tables of numbers as text: CSV, with or without a header, with or without a column of labels.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

constexpr std::size_t kMaxCsvClasses = 1000;

// Whether the first bytes of a file look like a table: text, the same number of fields, two at
// least, in each of its first lines.
bool is_csv(std::string_view head);

// The rows as float32 [n, D] with the names of the columns, if there is a header; with
// options.series as [n, D, 1]. A header is recognised by a column whose first field is no number
// while the second is, or by having no number at all. The label column, if one is named, is by name
// or by position; classes are sorted by value if all are whole numbers, else by their bytes.
//
// Throws Error(kData) with file and line for rows of different lengths, an empty table, a field
// that is empty, not a number, or not finite in float32, a column that does not exist, misplaced
// quotes, and more than kMaxCsvClasses classes.
Dataset decode_csv(std::string_view text, const std::string& where,
                   const ReadOptions& options = {});
Dataset read_csv(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace figment
