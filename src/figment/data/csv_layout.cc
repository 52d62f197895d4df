#include "figment/data/csv_layout.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <set>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

using Fields = std::vector<std::string_view>;

constexpr const char* kNoLabel = "none";

std::optional<std::size_t> position(std::string_view text, std::size_t columns) {
  if (text == "first") return 0;
  if (text == "last") return columns - 1;
  std::size_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || value >= columns)
    return std::nullopt;
  return value;
}

std::optional<std::size_t> named(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

// A column of words over one of numbers: what only a header has. Columns of labels and of words,
// as far as they are known, are passed over: they may hold words in some rows and numbers in
// others, and no row must be taken for a header and lost.
bool has_heading(const Fields& first, const Fields& second, const std::vector<bool>& passed_over) {
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i)
    if (!passed_over[i] && !like_a_number(first[i]) && parse_number(second[i])) return true;
  return false;
}

bool is_header(const Fields& first, const Fields& second, const ReadOptions& options) {
  std::vector<bool> passed_over(first.size(), false);
  const auto& label = options.label_column;
  if (!label.empty()) {
    const auto at = position(label, first.size());
    if (at) passed_over[*at] = true;
    const bool is_there = std::find(first.begin(), first.end(), label) != first.end();
    if (is_there && !at && !like_a_number(label)) return true;
  }
  for (const auto& word : options.words)
    if (const auto at = position(word, first.size())) passed_over[*at] = true;
  if (has_heading(first, second, passed_over)) return true;
  for (std::size_t i = 0; i < first.size(); ++i)
    if (!passed_over[i] && like_a_number(first[i])) return false;
  return true;
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_name_of_labels(const std::string& name) {
  const auto plain = lower(name);
  for (const auto* word : {"label", "class", "target", "is_anomaly", "is_outlier", "anomaly"}) {
    const std::string text = word;
    if (plain == text || plain == text + "s") return true;
    const auto end = "_" + text;
    if (plain.size() > end.size() && plain.compare(plain.size() - end.size(), end.size(), end) == 0)
      return true;
  }
  return false;
}

// Makes a layout step by step.
class Maker {
 public:
  Maker(const Fields& first, const Fields& second, const std::string& where,
        const ReadOptions& options)
      : first_(first), second_(second), where_(where), options_(options) {
    out_.columns = first.size();
    out_.roles.assign(first.size(), ColumnRole::kAny);
  }

  CsvLayout make() {
    if (options_.columns.empty()) {
      out_.header = is_header(first_, second_, options_);
      if (out_.header) out_.names.assign(first_.begin(), first_.end());
      check_names();
    } else {
      take_given_names();
    }
    take_label();
    for (const auto& name : options_.ignore) set_role(name, "data.ignore", ColumnRole::kIgnored);
    for (const auto& name : options_.words) set_role(name, "data.one_hot", ColumnRole::kWord);
    if (out_.inputs() == 0)
      fail(Cause::kData, where_,
           "expected columns of numbers beside the labels and what is left out, got none");
    if (options_.guard_label && !out_.label && options_.label_column.empty()) guard_label();
    return std::move(out_);
  }

 private:
  void check_names() {
    if (options_.series) return;  // no name of a moment is ever asked for
    std::set<std::string> seen;
    for (const auto& name : out_.names)
      if (!seen.insert(name).second)
        fail(Cause::kData, where_, "two columns are called '", printable(name),
             "'; give each a name of its own");
  }

  void take_given_names() {
    const auto& given = options_.columns;
    for (const auto& column : given) out_.names.push_back(column.name);
    out_.columns = given.size();
    out_.roles.assign(given.size(), ColumnRole::kAny);
    out_.header = std::equal(first_.begin(), first_.end(), out_.names.begin(), out_.names.end());
    if (!out_.header && given.size() != first_.size() && !options_.masking)
      fail(Cause::kData, where_, "expected ", given.size(),
           " columns, as many as are named beside the file or in the recipe, got ", first_.size());
    std::vector<bool> words;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const auto role = given[i].role;
      // A label that is not asked for is no input either.
      out_.roles[i] = role != ColumnRole::kLabel          ? role
                      : options_.label_column == kNoLabel ? ColumnRole::kAny
                                                          : ColumnRole::kIgnored;
      words.push_back(role == ColumnRole::kWord || role == ColumnRole::kLabel ||
                      given[i].name == options_.label_column ||
                      position(options_.label_column, given.size()) == i);
    }
    if (!out_.header && has_heading(first_, second_, words))
      fail(Cause::kData, where_, "has a header of its own, which begins with '",
           printable(first_.front()), "' and differs from the names given for its columns ('",
           printable(given.front().name), "', ...); take one of them away");
  }

  std::optional<std::size_t> find(const std::string& name) const {
    if (const auto by_name = named(out_.names, name)) return by_name;
    return position(name, out_.columns);
  }

  void take_label() {
    const auto& asked = options_.label_column;
    if (asked.empty()) {
      for (std::size_t i = 0; i < options_.columns.size(); ++i)
        if (options_.columns[i].role == ColumnRole::kLabel) out_.label = i;
    } else if (asked != kNoLabel || named(out_.names, asked)) {
      out_.label = find(asked);
      if (!out_.label && !(options_.applying && !out_.names.empty())) fail_no_label(asked);
    }
    if (out_.label) out_.roles[*out_.label] = ColumnRole::kLabel;
  }

  [[noreturn]] void fail_no_label(const std::string& asked) const {
    if (out_.names.empty())
      fail(Cause::kData, where_,
           "there is no header, so the label column must be 'first', 'last' or 0..",
           out_.columns - 1, ", got '", printable(asked), "'");
    fail(Cause::kData, where_, "there is no column '", printable(asked), "' among ", out_.columns,
         did_you_mean(asked, out_.names));
  }

  void set_role(const std::string& name, const char* key, ColumnRole role) {
    const auto at = find(name);
    if (!at && options_.applying) return;
    if (!at)
      fail(Cause::kConfig, key, "there is no column '", printable(name), "' in ", where_, " (",
           out_.names.empty() ? "without names: 0.." + std::to_string(out_.columns - 1)
                              : std::to_string(out_.columns) + " columns",
           ")", did_you_mean(name, out_.names));
    if (at == out_.label && !options_.applying)
      fail(Cause::kConfig, key, out_.text(*at), " is the label of ", where_);
    if (at != out_.label && out_.roles[*at] != ColumnRole::kIgnored) out_.roles[*at] = role;
  }

  // Learning from the answer makes every number look well, so it must be said.
  void guard_label() const {
    for (std::size_t i = 0; i < out_.names.size(); ++i)
      if (out_.is_input(i) && is_name_of_labels(out_.names[i])) fail_label(i, "");
    if (options_.series) return;
    std::vector<std::size_t> words;
    const auto& row = out_.header ? second_ : first_;
    for (std::size_t i = 0; i < std::min(out_.columns, row.size()); ++i)
      if (out_.is_input(i) && !like_a_number(row[i])) words.push_back(i);
    if (words.size() != 1 || out_.inputs() == 1 || out_.roles[words[0]] == ColumnRole::kWord)
      return;
    if (words[0] == 0 || words[0] + 1 == out_.columns)
      fail_label(words[0], ", the only one of words,");
  }

  [[noreturn]] void fail_label(std::size_t i, const char* why) const {
    const auto name = printable(out_.name(i));
    fail(Cause::kData, where_, out_.text(i), why,
         " looks like the label, which a model must not find among its inputs; say "
         "data.label_column=",
         name, ", or data.ignore=[\"", name,
         "\"] to leave it out, or data.label_column=none to "
         "learn from it");
  }

  const Fields& first_;
  const Fields& second_;
  const std::string& where_;
  const ReadOptions& options_;
  CsvLayout out_{};
};

}  // namespace

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

bool like_a_number(std::string_view field) {
  for (const std::string_view missing : {"", "?", "-", "NA", "N/A", "NULL", "null", "None"})
    if (field == missing) return true;
  return parse_number(field).has_value();
}

CsvLayout CsvLayout::of(const Fields& first, const Fields& second, const std::string& where,
                        const ReadOptions& options) {
  return Maker(first, second, where, options).make();
}

std::string CsvLayout::name(std::size_t i) const {
  return names.empty() ? std::to_string(i) : names[i];
}

std::string CsvLayout::text(std::size_t i) const {
  return "column " + (names.empty() ? std::to_string(i) : "'" + printable(names[i]) + "'");
}

std::size_t CsvLayout::inputs() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < columns; ++i) count += is_input(i) ? 1 : 0;
  return count;
}

}  // namespace figment
