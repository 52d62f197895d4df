#include "figment/data/csv.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/csv_layout.h"
#include "figment/data/csv_records.h"
#include "figment/data/gzip.h"
#include "figment/data/labels.h"

namespace figment {
namespace {

using Fields = std::vector<std::string_view>;

// Different words, numbered as they come.
class Words {
 public:
  int64_t number(const std::string& word) {
    const auto [entry, is_new] = numbers_.emplace(word, static_cast<int64_t>(names_.size()));
    if (is_new) names_.push_back(word);
    return entry->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::unordered_map<std::string, int64_t> numbers_{};
  std::vector<std::string> names_{};
};

// Gathers rows into columns of numbers or words and one of labels.
class CsvTable {
 public:
  CsvTable(std::string where, CsvLayout layout, const ReadOptions& options)
      : where_(std::move(where)),
        layout_(std::move(layout)),
        options_(options),
        words_(layout_.columns) {}

  void add(const Fields& fields, const CsvRecords& records) {
    if (fields.size() != layout_.columns)
      fail(Cause::kData, records.where(), "expected ", layout_.columns,
           " fields as in the first line, got ", fields.size(), hint_of_masking());
    if (rows_ == 0) tell_words(fields);
    for (std::size_t i = 0; i < layout_.columns; ++i) add_field(fields[i], i, records);
    ++rows_;
  }

  // A row that may end early: its steps are those before the empty fields at its end.
  void add_ragged(const Fields& fields, const CsvRecords& records) {
    if (layout_.label && *layout_.label >= fields.size())
      fail(Cause::kData, records.where(), "the row ends before its label, ",
           layout_.text(*layout_.label), "; put the label first");
    if (layout_.header && fields.size() > layout_.columns)
      fail(Cause::kData, records.where(), "expected ", layout_.columns,
           " fields at most, as the header has, got ", fields.size());
    auto end = fields.size();
    while (end > 0 && (fields[end - 1].empty() || !is_input(end - 1))) --end;
    int64_t steps = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i >= end && is_input(i)) continue;
      add_field(fields[i], i, records);
      if (is_input(i)) ++steps;
    }
    if (steps == 0) fail(Cause::kData, records.where(), "expected a series, got one of no step");
    length_.push_back(steps);
    ++rows_;
  }

  Dataset dataset() && {
    if (rows_ == 0) fail(Cause::kData, where_, "expected rows of numbers, got none");
    Dataset set;
    set.x = options_.masking ? padded() : rectangle();
    if (options_.series) set.x = set.x.unsqueeze(2);
    set.spec.modality = options_.series ? Modality::kSeries : Modality::kVector;
    set.spec.shape = set.x.sizes().slice(1).vec();
    if (options_.masking) set.length = torch::tensor(length_, torch::kLong);
    if (layout_.label) set_labels(set);
    if (!options_.series) set_columns(set);
    return set;
  }

 private:
  bool is_input(std::size_t i) const { return i >= layout_.columns || layout_.is_input(i); }

  bool has_words(std::size_t i) const {
    return i < layout_.columns && layout_.roles[i] == ColumnRole::kWord;
  }

  std::string hint_of_masking() const {
    return options_.series && !options_.masking
               ? "; series of different lengths are read with data.masking=true"
               : "";
  }

  // What the first row has decides what its columns are of.
  void tell_words(const Fields& fields) {
    for (std::size_t i = 0; i < fields.size() && !options_.series; ++i)
      if (layout_.roles[i] == ColumnRole::kAny && !like_a_number(fields[i]))
        layout_.roles[i] = ColumnRole::kWord;
  }

  void add_field(std::string_view field, std::size_t i, const CsvRecords& records) {
    if (layout_.label == i) {
      add_label(field, records);
    } else if (!is_input(i)) {
      return;
    } else if (has_words(i)) {
      add_word(field, i, records);
    } else {
      add_number(field, i, records);
    }
  }

  void add_number(std::string_view field, std::size_t i, const CsvRecords& records) {
    const auto value = parse_number(field);
    if (value && std::isfinite(*value)) {
      values_.push_back(*value);
    } else if (field.empty()) {
      fail(Cause::kData, records.where(), text(i), ": expected a number, got nothing",
           hint_of_masking());
    } else if (value) {
      fail(Cause::kData, records.where(), text(i),
           ": expected a finite number in the range of float32, got '", printable(field), "'");
    } else {
      fail(Cause::kData, records.where(), text(i), ": expected a number, got '", printable(field),
           "'",
           options_.series ? ""
                           : "; a column of categories some of which are numbers is read with "
                             "data.one_hot");
    }
  }

  void add_word(std::string_view field, std::size_t i, const CsvRecords& records) {
    if (field.empty())
      fail(Cause::kData, records.where(), text(i), ": expected a word, got nothing");
    values_.push_back(static_cast<float>(words_[i].number(std::string(field))));
    if (words_[i].names().size() > kMaxCsvWords)
      fail(Cause::kData, records.where(), text(i), ": more than ", kMaxCsvWords,
           " different words; leave the column out with data.ignore");
  }

  void add_label(std::string_view field, const CsvRecords& records) {
    if (field.empty())
      fail(Cause::kData, records.where(), text(*layout_.label), ": expected a label, got nothing");
    label_.push_back(classes_.number(canonical_class_name(field)));
    if (classes_.names().size() > kMaxCsvClasses)
      fail(Cause::kData, records.where(), text(*layout_.label), ": more than ", kMaxCsvClasses,
           " different labels, the last '", printable(field),
           "'; is it really a column of classes?");
  }

  std::string text(std::size_t i) const {
    return i < layout_.columns ? layout_.text(i) : "column " + std::to_string(i);
  }

  torch::Tensor rectangle() const {
    const auto x = torch::empty({rows_, static_cast<int64_t>(layout_.inputs())}, torch::kFloat);
    std::memcpy(x.data_ptr(), values_.data(), values_.size() * sizeof(float));
    return x;
  }

  // [n, T] of the longest row, zeros behind the others.
  torch::Tensor padded() const {
    const auto longest = *std::max_element(length_.begin(), length_.end());
    const auto bytes =
        static_cast<std::uint64_t>(rows_) * static_cast<std::uint64_t>(longest) * sizeof(float);
    if (bytes > options_.max_bytes)
      fail(Cause::kData, where_, rows_, " series padded to ", longest,
           " steps are more than is taken into memory (", human_bytes(double(bytes)), ")");
    const auto x = torch::zeros({rows_, longest}, torch::kFloat);
    auto* row = x.data_ptr<float>();
    const auto* from = values_.data();
    for (const auto steps : length_) {
      std::copy(from, from + steps, row);
      from += steps;
      row += longest;
    }
    return x;
  }

  // Classes were numbered as they came; their numbers shall be their order.
  void set_labels(Dataset& set) const {
    set.spec.classes = classes_.names();
    sort_class_names(set.spec.classes);
    std::unordered_map<std::string, int64_t> order;
    for (const auto& name : set.spec.classes)
      order.emplace(name, static_cast<int64_t>(order.size()));
    std::vector<int64_t> sorted;
    for (const auto& name : classes_.names()) sorted.push_back(order.at(name));
    set.label =
        torch::tensor(sorted, torch::kLong).index_select(0, torch::tensor(label_, torch::kLong));
  }

  void set_columns(Dataset& set) const {
    bool any_words = false;
    for (std::size_t i = 0; i < layout_.columns; ++i) {
      if (!is_input(i)) continue;
      set.columns.push_back(layout_.name(i));
      set.categories.push_back(words_[i].names());
      any_words = any_words || has_words(i);
    }
    if (!any_words) set.categories.clear();
  }

  std::string where_;
  CsvLayout layout_;
  const ReadOptions& options_;
  int64_t rows_ = 0;
  std::vector<float> values_{};
  std::vector<int64_t> length_{};  // of each series, with options.masking
  std::vector<Words> words_;       // of each column
  std::vector<int64_t> label_{};
  Words classes_{};
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
  if (options.masking && !options.series)
    fail(Cause::kConfig, "data.masking",
         "expected rows that are series, since columns of a table cannot end early; say "
         "data.series=true as well");
  if (options.masking && options.label_column == "last")
    fail(Cause::kConfig, "data.label_column",
         "expected a column that every row has, since with data.masking rows may end early; put "
         "the label first");
  CsvRecords ahead(text, where);
  Fields fields;
  if (!ahead.next(fields)) fail(Cause::kData, where, "expected rows of numbers, got an empty file");
  const std::vector<std::string> copied(fields.begin(), fields.end());
  const Fields first(copied.begin(), copied.end());
  ahead.next(fields);
  auto layout = CsvLayout::of(first, fields, where, options);
  const bool header = layout.header;
  CsvTable table(where, std::move(layout), options);
  CsvRecords records(text, where);
  if (header) records.next(fields);
  while (records.next(fields)) {
    if (options.masking)
      table.add_ragged(fields, records);
    else
      table.add(fields, records);
  }
  return std::move(table).dataset();
}

Dataset read_csv(const std::filesystem::path& path, const ReadOptions& options) {
  return decode_csv(read_data(path, options.max_bytes), path.string(), options);
}

}  // namespace figment
