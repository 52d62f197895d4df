#include "figment/data/column_names.h"

#include <algorithm>
#include <set>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/csv_records.h"
#include "figment/data/gzip.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = 16 << 20;

ColumnRole role_of(std::string_view type) {
  const auto word = type.substr(0, type.find_first_of(" :"));
  if (word == "symbolic" || word == "categorical") return ColumnRole::kWord;
  if (word == "continuous" || word == "numeric") return ColumnRole::kNumber;
  if (word == "label") return ColumnRole::kLabel;
  if (word == "ignore") return ColumnRole::kIgnored;
  return ColumnRole::kAny;
}

}  // namespace

std::vector<NamedColumn> decode_column_names(std::string_view text, const std::string& where) {
  CsvRecords records(text, where);
  std::vector<std::string_view> fields;
  std::vector<NamedColumn> out;
  std::set<std::string> seen;
  std::size_t width = 1, name_at = 0, type_at = 1;
  for (bool first = true; records.next(fields); first = false) {
    const auto header = std::find(fields.begin(), fields.end(), "name");
    if (first && fields.size() > 1 && header != fields.end()) {
      width = fields.size();
      name_at = static_cast<std::size_t>(header - fields.begin());
      type_at = static_cast<std::size_t>(std::find(fields.begin(), fields.end(), "type") -
                                         fields.begin());
      continue;
    }
    if (fields.size() != width)
      fail(Cause::kData, records.where(),
           "expected names of columns (one a line, or a CSV with a column 'name'), got ",
           fields.size(), " fields where ", width, " belong");
    NamedColumn column{std::string(fields[name_at]), ColumnRole::kAny};
    if (type_at < fields.size()) column.role = role_of(fields[type_at]);
    if (column.name.empty()) fail(Cause::kData, records.where(), "a column without a name");
    if (!seen.insert(column.name).second)
      fail(Cause::kData, records.where(), "the column '", printable(column.name),
           "' is named twice");
    out.push_back(std::move(column));
  }
  if (out.empty()) fail(Cause::kData, where, "expected names of columns, got none");
  return out;
}

std::vector<NamedColumn> read_column_names(const fs::path& path) {
  return decode_column_names(read_data(path, kMaxBytes), path.string());
}

bool is_columns_file(const fs::path& path) {
  return path.filename() == "columns.csv" || path.filename() == "columns.txt";
}

fs::path columns_beside(const fs::path& table) {
  std::error_code error;
  for (const auto* name : {"columns.csv", "columns.txt"})
    if (fs::is_regular_file(table.parent_path() / name, error)) return table.parent_path() / name;
  return {};
}

}  // namespace figment
