#include "figment/data/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

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

void match_test(const Dataset& train, Dataset& test, const std::string& where) {
  if (test.spec.modality != train.spec.modality || test.spec.shape != train.spec.shape)
    fail(Cause::kData, where, "expected test examples like the training examples (",
         ExampleSpec{train.spec.modality, train.spec.shape, {}}.text(), "), got ",
         ExampleSpec{test.spec.modality, test.spec.shape, {}}.text());
  if (!test.label.defined()) {
    test.spec.classes = train.spec.classes;
    return;
  }
  if (!train.label.defined())
    fail(Cause::kData, where, "the test examples have labels, the training examples have none");
  std::map<std::string, int64_t> number_of;
  for (const auto& name : train.spec.classes)
    number_of.emplace(name, static_cast<int64_t>(number_of.size()));
  std::vector<int64_t> renumbered;
  const auto counts =
      torch::bincount(test.label, {}, static_cast<int64_t>(test.spec.classes.size()));
  for (std::size_t i = 0; i < test.spec.classes.size(); ++i) {
    const auto found = number_of.find(test.spec.classes[i]);
    const bool used = counts[static_cast<int64_t>(i)].item<int64_t>() > 0;
    if (found == number_of.end() && used)
      fail(Cause::kData, where, "the test examples have class '", printable(test.spec.classes[i]),
           "', which no training example has");
    renumbered.push_back(found == number_of.end() ? 0 : found->second);
  }
  test.label = torch::tensor(renumbered, torch::kLong).index_select(0, test.label);
  test.spec.classes = train.spec.classes;
}

}  // namespace figment
