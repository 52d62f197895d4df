#include "figment/data/table_encoding.h"

#include <algorithm>
#include <unordered_map>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/labels.h"

namespace figment {
namespace {

constexpr std::size_t kMaxCategories = 1000;
constexpr std::size_t kFewCategories = 20;  // so many are no identifiers, however few the rows

bool is_position(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

// Whether a table has names of its own, not just the positions of its columns.
bool has_names(const std::vector<std::string>& names) {
  return !std::all_of(names.begin(), names.end(), is_position);
}

bool holds_words(const Dataset& set, std::size_t column) {
  return column < set.categories.size() && !set.categories[column].empty();
}

std::string called(const std::string& name) {
  return "column " + (is_position(name) ? name : "'" + printable(name) + "'");
}

std::vector<std::string> names_of(const Dataset& set) {
  if (!set.columns.empty()) return set.columns;
  std::vector<std::string> names;
  for (int64_t i = 0; i < set.x.size(1); ++i) names.push_back(std::to_string(i));
  return names;
}

// The words that the examples have, not those that the table had elsewhere.
std::vector<std::string> words_seen(const Dataset& set, std::size_t column) {
  const auto& all = set.categories[column];
  const auto values = set.x.select(1, static_cast<int64_t>(column)).to(torch::kLong);
  const auto counts = torch::bincount(values, {}, static_cast<int64_t>(all.size()));
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (counts[static_cast<int64_t>(i)].item<int64_t>() > 0) seen.push_back(all[i]);
  sort_class_names(seen);
  return seen;
}

void refuse_identifiers(const Dataset& set, const TableEncoding::Column& column) {
  const auto words = column.categories.size();
  const auto rows = static_cast<std::size_t>(set.size());
  if (words <= kFewCategories || (words <= kMaxCategories && 2 * words <= rows)) return;
  fail(Cause::kData, set.name, called(column.name), " has ", words, " different words in ", rows,
       " examples, such as '", printable(column.categories.front()),
       "': an identifier rather than categories; leave it out: data.ignore=[\"",
       printable(column.name), "\"]");
}

void mark_log1p(std::vector<TableEncoding::Column>& columns, const std::string& asked) {
  std::vector<std::string> numbers;
  bool found = false;
  for (auto& column : columns) {
    if (column.categories.empty()) numbers.push_back(column.name);
    const bool meant = asked == "*" ? column.categories.empty() : column.name == asked;
    if (!meant) continue;
    if (!column.categories.empty())
      fail(Cause::kConfig, "data.log1p", "expected columns of numbers, but ", called(asked),
           " holds words");
    column.log1p = found = true;
  }
  if (!found)
    fail(Cause::kConfig, "data.log1p", "there is no column '", printable(asked),
         "' among the inputs", did_you_mean(asked, numbers));
}

// For each column its position in the table `given`.
std::vector<int64_t> positions(const std::vector<TableEncoding::Column>& columns,
                               const Dataset& given, const std::string& where) {
  std::vector<std::string> wanted;
  wanted.reserve(columns.size());
  for (const auto& column : columns) wanted.push_back(column.name);
  const auto names = names_of(given);
  std::vector<int64_t> out;
  if (!has_names(wanted) || !has_names(names)) {
    if (names.size() != wanted.size())
      fail(Cause::kData, where, "expected ", wanted.size(),
           " columns, as the model was trained on, got ", names.size());
    for (std::size_t i = 0; i < names.size(); ++i) out.push_back(static_cast<int64_t>(i));
    return out;
  }
  std::unordered_map<std::string, int64_t> place;
  for (std::size_t i = 0; i < names.size(); ++i) place.emplace(names[i], static_cast<int64_t>(i));
  std::vector<std::string> missing, more;
  for (const auto& name : wanted) {
    const auto found = place.find(name);
    if (found == place.end()) {
      missing.push_back(name);
      continue;
    }
    out.push_back(found->second);
    place.erase(found);
  }
  for (const auto& name : names)
    if (place.count(name) > 0) more.push_back(name);
  if (!missing.empty())
    fail(Cause::kData, where, "there is no ", called(missing.front()),
         ", which the training data had",
         missing.size() > 1 ? ", and " + std::to_string(missing.size() - 1) + " more" : "",
         did_you_mean(missing.front(), more));
  if (!more.empty())
    fail(Cause::kData, where, called(more.front()),
         " is none of those that the model was trained on; take it out of the file (if it is the "
         "label: train with data.label_column=",
         printable(more.front()), ")");
  return out;
}

// Words of `given` -> their positions among `known`, -1 for those that are new. [words] int64
torch::Tensor translation(const std::vector<std::string>& given,
                          const std::vector<std::string>& known) {
  std::unordered_map<std::string, int64_t> place;
  for (std::size_t i = 0; i < known.size(); ++i) place.emplace(known[i], static_cast<int64_t>(i));
  std::vector<int64_t> out;
  for (const auto& word : given) {
    const auto found = place.find(word);
    out.push_back(found == place.end() ? -1 : found->second);
  }
  return torch::tensor(out, torch::kLong);
}

void check_kind(const TableEncoding::Column& column, const Dataset& given, int64_t at,
                const std::string& where) {
  const auto place = static_cast<std::size_t>(at);
  const bool words = holds_words(given, place);
  if (words == !column.categories.empty()) return;
  if (words)
    fail(Cause::kData, where, called(column.name),
         ": expected numbers, as in the training data, got words such as '",
         printable(given.categories[place].front()), "'");
  fail(Cause::kData, where, called(column.name),
       ": expected words, as in the training data, got numbers");
}

torch::Tensor signed_log1p(const torch::Tensor& x) { return x.sign() * x.abs().log1p(); }

Dataset padded(const Dataset& given, int64_t steps) {
  auto out = given;
  if (given.x.dim() != 3 || given.x.size(1) >= steps) return out;
  if (!out.length.defined())
    out.length = torch::full({given.size()}, given.x.size(1), torch::kLong);
  out.x = torch::constant_pad_nd(given.x, {0, 0, 0, steps - given.x.size(1)});
  out.spec.shape[0] = steps;
  return out;
}

}  // namespace

TableEncoding TableEncoding::fit(const Dataset& training, const std::vector<std::string>& log1p) {
  TableEncoding out;
  if (training.length.defined()) out.steps = training.x.size(1);
  const bool table = training.spec.modality == Modality::kVector;
  if (!table && !log1p.empty())
    fail(Cause::kConfig, "data.log1p", "expected a table, got examples of ", training.spec.text());
  if (!table || training.size() == 0 || (training.columns.empty() && log1p.empty())) return out;
  const auto names = names_of(training);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Column column{names[i], {}, false};
    if (holds_words(training, i)) {
      column.categories = words_seen(training, i);
      refuse_identifiers(training, column);
    }
    out.columns.push_back(std::move(column));
  }
  for (const auto& name : log1p) mark_log1p(out.columns, name);
  return out;
}

std::vector<std::string> TableEncoding::input_names() const {
  std::vector<std::string> names;
  for (const auto& column : columns) {
    if (column.categories.empty()) names.push_back(column.name);
    for (const auto& word : column.categories) names.push_back(column.name + "=" + word);
  }
  return names;
}

Dataset TableEncoding::encode(const Dataset& given, const std::string& where) const {
  if (steps > 0) return padded(given, steps);
  if (given.spec.modality != Modality::kVector) return given;
  if (columns.empty()) {
    if (!given.categories.empty())
      fail(Cause::kData, where,
           "expected numbers only, as the model was trained on, got columns of "
           "words");
    return given;
  }
  const auto from = positions(columns, given, where);
  auto names = input_names();
  bool as_it_is = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    check_kind(columns[i], given, from[i], where);
    as_it_is = as_it_is && from[i] == static_cast<int64_t>(i) && columns[i].categories.empty() &&
               !columns[i].log1p;
  }
  auto out = given;
  out.categories.clear();
  out.columns = std::move(names);
  if (as_it_is) return out;  // a large table need not be copied
  const auto width = static_cast<int64_t>(out.columns.size());
  out.x = torch::zeros({given.size(), width});
  out.one_hot = torch::zeros({width}, torch::kBool);
  int64_t at = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto values = given.x.select(1, from[i]);  // [n]
    const auto words = static_cast<int64_t>(columns[i].categories.size());
    if (words == 0) {
      out.x.select(1, at++).copy_(columns[i].log1p ? signed_log1p(values) : values);
      continue;
    }
    const auto& theirs = given.categories[static_cast<std::size_t>(from[i])];
    const auto word =
        translation(theirs, columns[i].categories).index_select(0, values.to(torch::kLong));  // [n]
    out.one_hot.narrow(0, at, words).fill_(true);
    out.x.narrow(1, at, words).copy_(word.unsqueeze(1) == torch::arange(words));
    at += words;
  }
  out.spec.shape = {width};
  return out;
}

torch::Tensor TableEncoding::to_data(const torch::Tensor& inputs) const {
  if (std::none_of(columns.begin(), columns.end(), [](const auto& c) { return c.log1p; }))
    return inputs;
  auto out = inputs.clone();
  int64_t at = 0;
  for (const auto& column : columns) {
    if (column.log1p) {
      const auto values = out.select(1, at);
      values.copy_(values.sign() * values.abs().expm1());
    }
    at += column.categories.empty() ? 1 : static_cast<int64_t>(column.categories.size());
  }
  return out;
}

std::string TableEncoding::text() const {
  std::vector<std::string> words;
  std::size_t logarithms = 0;
  for (const auto& column : columns) {
    if (!column.categories.empty())
      words.push_back(printable(column.name) + " " + std::to_string(column.categories.size()));
    if (column.log1p) ++logarithms;
  }
  auto out = std::to_string(columns.size()) +
             " columns: " + std::to_string(columns.size() - words.size()) + " of numbers";
  if (logarithms > 0) out += " (log1p of " + std::to_string(logarithms) + ")";
  if (!words.empty())
    out += ", " + std::to_string(words.size()) + " of words (" + join(words, ", ") + ")";
  return out;
}

}  // namespace figment
