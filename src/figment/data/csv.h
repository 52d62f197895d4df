// Tables as text: CSV of numbers and words, with or without a header or a column of labels.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

constexpr std::size_t kMaxCsvClasses = 1000;
constexpr std::size_t kMaxCsvWords = 1000000;  // different ones in a column

// Whether the first bytes of a file look like a table: text, the same number of fields, two at
// least, in each of its first lines.
bool is_csv(std::string_view head);

// The rows as float32 [n, D] with the names of the columns, or their positions if nobody names
// them; with options.series as [n, D, 1]. A header is recognised by a column whose first field is
// no number while the second is, or by having no number at all. A column whose first row is no
// number, or that options.words names, is one of words: Dataset::categories has its words, x their
// positions. The label column, if one is named, is by name or by position; classes are sorted by
// value if all are whole numbers, else by their bytes. With options.masking rows of a series may
// end early, or with empty fields.
//
// Throws Error(kData) with file and line for rows of different lengths, an empty table, a field
// that is empty, not a number where numbers are, or not finite in float32, misplaced quotes, and
// more than kMaxCsvClasses classes; further what CsvLayout::of throws.
Dataset decode_csv(std::string_view text, const std::string& where,
                   const ReadOptions& options = {});
Dataset read_csv(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace figment
