#include "figment/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/csv_records.h"
#include "figment/data/gzip.h"
#include "figment/data/labels.h"

namespace figment {
namespace {

using Fields = std::vector<std::string_view>;

// The number that is all of `text`, as float32 (inf where it is beyond), or nothing.
std::optional<float> parse_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  float value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (rest != end || text.empty() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc()) return value;
  // Out of range is said of both ends: too small is 0, too large is not.
  return std::strtof(std::string(text).c_str(), nullptr);
}

// Fields that stand where a number is missing do not make a line a header.
bool like_a_number(std::string_view field) {
  for (const std::string_view missing : {"", "?", "-", "NA", "N/A", "NULL", "null", "None"})
    if (field == missing) return true;
  return parse_number(field).has_value();
}

std::optional<std::size_t> position(std::string_view text, std::size_t columns) {
  if (text == "first") return 0;
  if (text == "last") return columns - 1;
  std::size_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || value >= columns)
    return std::nullopt;
  return value;
}

// A label column given by position is left out: classes may be words in some rows and numbers in
// others, and no row must be taken for a header and lost.
bool is_header(const Fields& first, const Fields& second, const std::string& label_column) {
  std::optional<std::size_t> label_at;
  if (!label_column.empty()) {
    const bool named = std::find(first.begin(), first.end(), label_column) != first.end();
    label_at = position(label_column, first.size());
    if (named && !label_at && !like_a_number(label_column)) return true;
  }
  bool any_number = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (label_at == i) continue;
    const bool number = like_a_number(first[i]);
    any_number = any_number || number;
    if (!number && i < second.size() && parse_number(second[i])) return true;
  }
  return !any_number;
}

// Gathers rows into columns of numbers and one of labels.
class CsvTable {
 public:
  CsvTable(std::string where, std::vector<std::string> header, std::size_t columns,
           const std::string& label_column)
      : where_(std::move(where)), header_(std::move(header)), columns_(columns) {
    if (!label_column.empty()) label_at_ = find(label_column);
    if (columns_ == (label_at_ ? 1U : 0U))
      fail(Cause::kData, where_, "expected columns of numbers beside the labels, got none");
  }

  void add(const Fields& fields, const CsvRecords& records) {
    if (fields.size() != columns_)
      fail(Cause::kData, records.where(), "expected ", columns_,
           " fields as in the first line, got ", fields.size());
    for (std::size_t i = 0; i < columns_; ++i) {
      if (label_at_ == i)
        add_label(fields[i], records);
      else
        add_number(fields[i], i, records);
    }
    ++rows_;
  }

  Dataset dataset(bool series) && {
    if (rows_ == 0) fail(Cause::kData, where_, "expected rows of numbers, got none");
    const auto width = static_cast<int64_t>(columns_ - (label_at_ ? 1 : 0));
    Dataset set;
    set.x = torch::empty({rows_, width}, torch::kFloat);
    std::memcpy(set.x.data_ptr(), values_.data(), values_.size() * sizeof(float));
    if (series) set.x = set.x.unsqueeze(2);
    set.spec.modality = series ? Modality::kSeries : Modality::kVector;
    set.spec.shape = set.x.sizes().slice(1).vec();
    if (label_at_) set_labels(set);
    if (!series)
      for (std::size_t i = 0; i < header_.size(); ++i)
        if (label_at_ != i) set.columns.push_back(header_[i]);
    return set;
  }

 private:
  std::size_t find(const std::string& name) const {
    const auto found = std::find(header_.begin(), header_.end(), name);
    if (found != header_.end()) return static_cast<std::size_t>(found - header_.begin());
    if (const auto by_position = position(name, columns_)) return *by_position;
    if (header_.empty())
      fail(Cause::kData, where_,
           "there is no header, so the label column must be 'first', 'last' or 0..", columns_ - 1,
           ", got '", printable(name), "'");
    fail(Cause::kData, where_, "there is no column '", printable(name), "' among ", columns_,
         did_you_mean(name, header_));
  }

  std::string column_text(std::size_t i) const {
    return "column " + (header_.empty() ? std::to_string(i) : "'" + printable(header_[i]) + "'");
  }

  void add_number(std::string_view field, std::size_t i, const CsvRecords& records) {
    const auto value = parse_number(field);
    if (value && std::isfinite(*value)) {
      values_.push_back(*value);
    } else if (field.empty()) {
      fail(Cause::kData, records.where(), column_text(i), ": expected a number, got nothing");
    } else if (value) {
      fail(Cause::kData, records.where(), column_text(i),
           ": expected a finite number in the range of float32, got '", printable(field), "'");
    } else {
      fail(Cause::kData, records.where(), column_text(i), ": expected a number, got '",
           printable(field),
           "'; columns of words cannot be read, only one of labels by label_column");
    }
  }

  void add_label(std::string_view field, const CsvRecords& records) {
    if (field.empty())
      fail(Cause::kData, records.where(), column_text(*label_at_),
           ": expected a label, got nothing");
    const auto [entry, is_new] =
        number_of_.emplace(canonical_class_name(field), static_cast<int64_t>(number_of_.size()));
    if (is_new && number_of_.size() > kMaxCsvClasses)
      fail(Cause::kData, records.where(), column_text(*label_at_), ": more than ", kMaxCsvClasses,
           " different labels, the last '", printable(field),
           "'; is it really a column of classes?");
    label_.push_back(entry->second);
  }

  // Classes were numbered as they came; their numbers shall be their order.
  void set_labels(Dataset& set) const {
    for (const auto& entry : number_of_) set.spec.classes.push_back(entry.first);
    sort_class_names(set.spec.classes);
    std::vector<int64_t> sorted(number_of_.size());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      sorted[static_cast<std::size_t>(number_of_.at(set.spec.classes[i]))] =
          static_cast<int64_t>(i);
    set.label =
        torch::tensor(sorted, torch::kLong).index_select(0, torch::tensor(label_, torch::kLong));
  }

  std::string where_;
  std::vector<std::string> header_;
  std::size_t columns_;
  std::optional<std::size_t> label_at_{};
  int64_t rows_ = 0;
  std::vector<float> values_{};
  std::vector<int64_t> label_{};
  std::unordered_map<std::string, int64_t> number_of_{};
};

}  // namespace

bool is_csv(std::string_view head) {
  const auto is_binary = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t';
  };
  if (std::any_of(head.begin(), head.end(), is_binary)) return false;
  // The last line may be cut off.
  const auto end = head.rfind('\n');
  if (end == std::string_view::npos) return false;
  try {
    CsvRecords records(head.substr(0, end), "");
    Fields fields;
    std::size_t columns = 0;
    while (records.next(fields)) {
      if (fields.size() < 2 || (columns > 0 && columns != fields.size())) return false;
      columns = fields.size();
    }
    return columns > 0;
  } catch (const Error&) {
    return false;
  }
}

Dataset decode_csv(std::string_view text, const std::string& where, const ReadOptions& options) {
  CsvRecords ahead(text, where);
  Fields fields;
  if (!ahead.next(fields)) fail(Cause::kData, where, "expected rows of numbers, got an empty file");
  const std::vector<std::string> first(fields.begin(), fields.end());
  ahead.next(fields);
  const bool header = is_header(Fields(first.begin(), first.end()), fields, options.label_column);
  CsvTable table(where, header ? first : std::vector<std::string>(), first.size(),
                 options.label_column);
  CsvRecords records(text, where);
  if (header) records.next(fields);
  while (records.next(fields)) table.add(fields, records);
  return std::move(table).dataset(options.series);
}

Dataset read_csv(const std::filesystem::path& path, const ReadOptions& options) {
  return decode_csv(read_data(path, options.max_bytes), path.string(), options);
}

}  // namespace figment
