// A file that says what the columns of tables without a header are.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "figment/data/read_options.h"

namespace figment {

// A text of one name a line, or a CSV whose header has `name` and further columns, maybe `type`:
// `symbolic` or `categorical`, `continuous` or `numeric`, `label`, `ignore`; what follows such a
// word, after a blank or a colon, and any other type is passed over. Throws Error(kData) with file
// and line for a name that is empty or given twice, and for what is neither.
std::vector<NamedColumn> decode_column_names(std::string_view text, const std::string& where);
std::vector<NamedColumn> read_column_names(const std::filesystem::path& path);

// The file of names that lies beside a table, or "": columns.csv, columns.txt.
std::filesystem::path columns_beside(const std::filesystem::path& table);
// Whether a file of a folder is such a file.
bool is_columns_file(const std::filesystem::path& path);

}  // namespace figment
