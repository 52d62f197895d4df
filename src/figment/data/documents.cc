#include "figment/data/documents.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/column_names.h"
#include "figment/data/csv.h"
#include "figment/data/csv_records.h"
#include "figment/data/gzip.h"
#include "figment/data/labels.h"
#include "figment/data/matrix_market.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNoLabel = "none";

// What docs.csv says of the rows of a matrix.
struct Documents {
  std::vector<std::string> classes{};  // [rows]; empty when it has no column of classes
  std::vector<std::string> order{};    // [rows] of `label`, where classes are named by `group`
  std::vector<bool> is_test{};         // [rows]; empty when it has no column `split`
};

class DocumentsReader {
 public:
  DocumentsReader(std::string_view text, std::string where, int64_t rows,
                  const ReadOptions& options)
      : records_(text, where), where_(std::move(where)), rows_(static_cast<std::size_t>(rows)) {
    if (!records_.next(fields_)) fail(Cause::kData, where_, "expected a header, got an empty file");
    header_.assign(fields_.begin(), fields_.end());
    row_at_ = find("row");
    split_at_ = find("split");
    find_class(options.label_column);
  }

  Documents read() {
    if (class_at_) out_.classes.resize(rows_);
    if (order_at_) out_.order.resize(rows_);
    if (split_at_) out_.is_test.resize(rows_);
    std::vector<bool> given(rows_, false);
    std::size_t count = 0;
    for (; records_.next(fields_); ++count) {
      if (fields_.size() != header_.size())
        fail(Cause::kData, records_.where(), "expected ", header_.size(),
             " fields as in the header, got ", fields_.size());
      const auto row = row_at_ ? row_number(fields_[*row_at_]) : count;
      if (row >= rows_)
        fail(Cause::kData, records_.where(), "expected a row of 1..", rows_,
             ", as the matrix has, got ",
             row_at_ ? "'" + printable(fields_[*row_at_]) + "'" : std::to_string(row + 1));
      if (given[row]) fail(Cause::kData, records_.where(), "row ", row + 1, " is given twice");
      given[row] = true;
      take(row);
    }
    if (count != rows_)
      fail(Cause::kData, where_, "expected a line for each of the ", rows_,
           " rows of the matrix, got ", count);
    return std::move(out_);
  }

 private:
  std::optional<std::size_t> find(const std::string& name) const {
    const auto found = std::find(header_.begin(), header_.end(), name);
    if (found == header_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - header_.begin());
  }

  void find_class(const std::string& asked) {
    if (asked == kNoLabel) return;
    class_at_ = find(asked.empty() ? "group" : asked);
    if (!asked.empty() && !class_at_)
      fail(Cause::kData, where_, "there is no column '", printable(asked), "'",
           did_you_mean(asked, header_));
    if (!class_at_)
      class_at_ = find("label");
    else if (asked.empty() || asked == "group")
      order_at_ = find("label");
  }

  // From 0; `rows_` for what is none.
  std::size_t row_number(std::string_view field) const {
    std::size_t value = 0;
    const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    const bool whole = error == std::errc() && rest == field.data() + field.size();
    return whole && value >= 1 && value <= rows_ ? value - 1 : rows_;
  }

  void take(std::size_t row) {
    if (class_at_) {
      if (fields_[*class_at_].empty())
        fail(Cause::kData, records_.where(), "expected a class, got nothing");
      out_.classes[row] = canonical_class_name(fields_[*class_at_]);
    }
    if (order_at_) out_.order[row] = canonical_class_name(fields_[*order_at_]);
    if (!split_at_) return;
    const auto split = fields_[*split_at_];
    if (split != "train" && split != "test")
      fail(Cause::kData, records_.where(), "expected train or test in the column 'split', got '",
           printable(split), "'");
    out_.is_test[row] = split == "test";
  }

  CsvRecords records_;
  std::string where_;
  std::size_t rows_;
  std::vector<std::string_view> fields_{};
  std::vector<std::string> header_{};
  std::optional<std::size_t> row_at_{}, split_at_{}, class_at_{}, order_at_{};
  Documents out_{};
};

// Names of classes in the order of the labels beside them, else of the names.
std::vector<std::string> sorted_classes(const Documents& documents) {
  std::map<std::string, std::string> label_of;
  for (std::size_t i = 0; i < documents.classes.size(); ++i)
    label_of.emplace(documents.classes[i], documents.order.empty() ? "" : documents.order[i]);
  std::vector<std::string> labels, names;
  for (const auto& [name, label] : label_of) {
    names.push_back(name);
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  }
  sort_class_names(names);
  if (labels.size() < names.size()) return names;  // one label for two groups orders nothing
  sort_class_names(labels);
  std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    const auto place = [&](const std::string& name) {
      return std::find(labels.begin(), labels.end(), label_of.at(name)) - labels.begin();
    };
    return place(a) < place(b);
  });
  return names;
}

void set_labels(Dataset& set, const Documents& documents, const std::string& where) {
  const std::set<std::string> different(documents.classes.begin(), documents.classes.end());
  if (different.size() > kMaxCsvClasses)
    fail(Cause::kData, where, "more than ", kMaxCsvClasses,
         " different classes; is it really a column of classes?");
  set.spec.classes = sorted_classes(documents);
  std::map<std::string, int64_t> number_of;
  for (const auto& name : set.spec.classes)
    number_of.emplace(name, static_cast<int64_t>(number_of.size()));
  std::vector<int64_t> label;
  for (const auto& name : documents.classes) label.push_back(number_of.at(name));
  set.label = torch::tensor(label, torch::kLong);
}

Source split(const Dataset& all, const Documents& documents, const std::string& where) {
  std::vector<int64_t> train, test;
  for (std::size_t i = 0; i < documents.is_test.size(); ++i)
    (documents.is_test[i] ? test : train).push_back(static_cast<int64_t>(i));
  if (train.empty()) fail(Cause::kData, where, "expected rows whose split is train, got none");
  Source source;
  source.train = all.select(torch::tensor(train, torch::kLong));
  if (!test.empty()) source.test = all.select(torch::tensor(test, torch::kLong));
  return source;
}

}  // namespace

Source read_documents(const fs::path& matrix, const ReadOptions& options) {
  auto set = read_matrix_market(matrix, options);
  const auto folder = matrix.parent_path();
  std::error_code error;
  if (const auto vocabulary = folder / "vocab.txt"; fs::exists(vocabulary, error)) {
    for (const auto& column : read_column_names(vocabulary)) set.columns.push_back(column.name);
    if (static_cast<int64_t>(set.columns.size()) != set.x.size(1))
      fail(Cause::kData, vocabulary.string(), "expected a name for each of the ", set.x.size(1),
           " columns of the matrix, got ", set.columns.size());
  }
  const auto path = folder / "docs.csv";
  if (!fs::exists(path, error)) return {set, {}};
  const auto text = read_data(path, options.max_bytes);
  const auto documents = DocumentsReader(text, path.string(), set.size(), options).read();
  if (!documents.classes.empty()) set_labels(set, documents, path.string());
  if (documents.is_test.empty()) return {set, {}};
  return split(set, documents, path.string());
}

}  // namespace figment
