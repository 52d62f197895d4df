// Built-in data by name.
#include "figment/data/builtin.h"

#include "figment/data/digits.h"
#include "figment/data/toy.h"

namespace figment {
namespace {

constexpr const char* kDigits = "digits";

// Puts what was given in the place of the defaults of Options.
template <class Options>
Options sized(const BuiltinOptions& given) {
  Options options;
  options.seed = given.seed;
  options.n_train = given.n_train.value_or(options.n_train);
  options.n_test = given.n_test.value_or(options.n_test);
  return options;
}

}  // namespace

const std::vector<BuiltinCard>& builtins() {
  static const auto cards = [] {
    std::vector<BuiltinCard> out = {
        {kDigits, "60,000 + 10,000 grey digits drawn by figment in the manner of MNIST; any size"}};
    for (const auto& set : toy_sets()) out.push_back({set.name, set.description});
    return out;
  }();
  return cards;
}

std::optional<Source> builtin(std::string_view name, const BuiltinOptions& options) {
  if (name == kDigits) {
    auto wanted = sized<DigitsOptions>(options);
    wanted.image_size = options.image_size;
    return digits(wanted);
  }
  for (const auto& set : toy_sets())
    if (name == set.name) return toy(name, sized<ToyOptions>(options));
  return std::nullopt;
}

}  // namespace figment
