// A family's card: what the rest of figment knows of a kind of model. The abilities are computed
// from the type, so that the card cannot disagree with the code.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "figment/core/config.h"
#include "figment/data/dataset.h"
#include "figment/model/abilities.h"
#include "figment/model/model.h"

namespace figment {

struct Abilities {
  bool samples, encodes, decodes, reconstructs, densities, translates, completes, classifies,
      restores, separates, hashes, projects, posteriors, conditions;

  // The words of the command line, in this order: "samples", "encodes", ...
  std::vector<std::string> names() const;
};

// Constant-initialised, so there is no order of initialisation to fear.
struct Family {
  std::string_view name;    // folder = file = config value = command-line word
  std::string_view title;   // "Variational autoencoder"
  std::string_view source;  // the paper
  Abilities abilities;
  // Builds a model for examples of this kind; null when problems were added.
  std::shared_ptr<Model> (*make)(const Value& config, const ExampleSpec&, Problems&);
  // The configuration with all defaults filled in.
  Value (*resolve)(const Value& config, Problems&);
  std::string (*explain)();    // commented TOML of the table [model]
  nlohmann::json (*schema)();  // of the table [model]
};

namespace detail {
template <class C, class = void>
struct ChecksExample : std::false_type {};
template <class C>
struct ChecksExample<
    C, std::void_t<decltype(std::declval<const C&>().check_example(
           std::declval<const ExampleSpec&>(), std::declval<const Problems::Scope&>()))>>
    : std::true_type {};

template <class M>
std::shared_ptr<Model> make_model(const Value& config, const ExampleSpec& example,
                                  Problems& problems) {
  using Config = typename M::Config;
  const auto read = read_config<Config>(config, "model", problems);
  if constexpr (ChecksExample<Config>::value)
    if (problems.empty()) read.check_example(example, Problems::Scope{problems, "model", &config});
  if (!problems.empty()) return nullptr;
  return std::make_shared<M>(read, example);
}

template <class M>
Value resolve_model(const Value& config, Problems& problems) {
  return config_value(read_config<typename M::Config>(config, "model", problems));
}
}  // namespace detail

// The card of model M. M::Config may have `void check_example(const ExampleSpec&, const
// Problems::Scope&) const` for what the data must be like.
template <class M>
constexpr Family family(std::string_view name, std::string_view title, std::string_view source) {
  return {name,
          title,
          source,
          {std::is_base_of_v<Samples, M>, std::is_base_of_v<Encodes, M>,
           std::is_base_of_v<Decodes, M>, std::is_base_of_v<Reconstructs, M>,
           std::is_base_of_v<Densities, M>, std::is_base_of_v<Translates, M>,
           std::is_base_of_v<Completes, M>, std::is_base_of_v<Classifies, M>,
           std::is_base_of_v<Restores, M>, std::is_base_of_v<Separates, M>,
           std::is_base_of_v<Hashes, M>, std::is_base_of_v<Projects, M>,
           std::is_base_of_v<Posteriors, M>, std::is_base_of_v<Conditions, M>},
          &detail::make_model<M>,
          &detail::resolve_model<M>,
          [] { return explain_config<typename M::Config>("model"); },
          [] { return config_schema<typename M::Config>(); }};
}

}  // namespace figment
