#include "figment/data/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto end = text.data() + text.size();
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest == text.data()) return std::nullopt;
  if (rest == end) return value;
  // "7.0", "7.00e+00": whole as well, where a double holds it exactly.
  double real = 0;
  const auto [real_rest, real_error] = std::from_chars(text.data(), end, real);
  if (real_error != std::errc() || real_rest != end) return std::nullopt;
  if (real != std::floor(real) || std::fabs(real) > 1e15) return std::nullopt;
  return static_cast<int64_t>(real);
}

// Gives a set the classes `classes`, among which are all that its examples have.
void renumber(Dataset& set, const std::vector<std::string>& classes) {
  std::map<std::string, int64_t> number_of;
  for (const auto& name : classes) number_of.emplace(name, static_cast<int64_t>(number_of.size()));
  std::vector<int64_t> renumbered;
  for (const auto& name : set.spec.classes) {
    const auto found = number_of.find(name);
    renumbered.push_back(found == number_of.end() ? 0 : found->second);
  }
  set.label = torch::tensor(renumbered, torch::kLong).index_select(0, set.label);
  set.spec.classes = classes;
}

// The first class that an example of `set` has and `classes` has not, or "".
std::string strange_class(const Dataset& set, const std::vector<std::string>& classes) {
  const std::set<std::string> known(classes.begin(), classes.end());
  const auto counts = torch::bincount(set.label, {}, static_cast<int64_t>(set.spec.classes.size()));
  for (std::size_t i = 0; i < set.spec.classes.size(); ++i)
    if (known.count(set.spec.classes[i]) == 0 &&
        counts[static_cast<int64_t>(i)].item<int64_t>() > 0)
      return set.spec.classes[i];
  return "";
}

}  // namespace

void sort_class_names(std::vector<std::string>& names) {
  const bool whole = std::all_of(names.begin(), names.end(),
                                 [](const auto& name) { return whole_number(name).has_value(); });
  std::sort(names.begin(), names.end(), [whole](const auto& a, const auto& b) {
    if (whole && whole_number(a) != whole_number(b)) return whole_number(a) < whole_number(b);
    return a < b;
  });
}

std::string canonical_class_name(std::string_view text) {
  const auto value = whole_number(text);
  return value ? std::to_string(*value) : std::string(text);
}

std::vector<std::string> numbered_classes(const torch::Tensor& label) {
  std::vector<std::string> names;
  const auto largest = label.max().item<int64_t>();
  for (int64_t i = 0; i <= largest; ++i) names.push_back(std::to_string(i));
  return names;
}

void adopt_classes(Dataset& set, const std::vector<std::string>& classes) {
  if (!set.label.defined() || set.spec.classes == classes) return;
  auto all = classes;
  for (const auto& name : set.spec.classes)
    if (std::find(classes.begin(), classes.end(), name) == classes.end()) all.push_back(name);
  renumber(set, all);
}

void unite_classes(Dataset& train, Dataset& test) {
  if (!train.label.defined() || !test.label.defined()) return;
  auto all = train.spec.classes;
  for (const auto& name : test.spec.classes)
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  sort_class_names(all);
  renumber(train, all);
  renumber(test, all);
}

void match_test(const Dataset& train, Dataset& test, const std::string& where) {
  const bool named = !train.columns.empty() && !test.columns.empty();
  if (test.spec.modality != train.spec.modality || (!named && test.spec.shape != train.spec.shape))
    fail(Cause::kData, where, "expected test examples like the training examples (",
         ExampleSpec{train.spec.modality, train.spec.shape, {}}.text(), "), got ",
         ExampleSpec{test.spec.modality, test.spec.shape, {}}.text());
  if (!test.label.defined()) {
    test.spec.classes = train.spec.classes;
    return;
  }
  if (!train.label.defined())
    fail(Cause::kData, where, "the test examples have labels, the training examples have none");
  const auto strange = strange_class(test, train.spec.classes);
  if (!strange.empty()) {
    const auto most = torch::bincount(train.label).argmax().item<int64_t>();
    fail(Cause::kData, where, "the test examples have class '", printable(strange),
         "', which no training example has; to look for anomalies, name the normal classes, such "
         "as data.normal=[\"",
         printable(train.spec.classes[static_cast<std::size_t>(most)]), "\"]");
  }
  renumber(test, train.spec.classes);
}

}  // namespace figment
