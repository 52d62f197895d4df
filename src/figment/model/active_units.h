// Whether the units of a code say anything of the examples: what shows a collapsed posterior.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

namespace figment {

// Above it the variance over examples of a unit's mean counts as activity (Burda et al. 2016,
// section 5.2). It supposes codes on the scale of a standard normal prior.
inline constexpr double kActiveVariance = 0.01;

struct ActiveUnits {
  int64_t active = 0, units = 0;
  torch::Tensor variance{};  // [units] float64, of the means over the examples

  // Whether so few of the units are active that the code says next to nothing: none, or at most one
  // of twenty.
  bool collapsed() const { return active * 20 <= units; }
};

// Of the means of the codes of n >= 2 examples, [n, units] in any floating type.
ActiveUnits active_units(const torch::Tensor& means);

// "active_units" for the first of one layer, "active_units_1", "active_units_2", ... for more.
std::string active_units_name(std::size_t layer, std::size_t layers);

// What to say of a model whose stochastic layers have these units; empty while none is collapsed.
// `settings` are keys of its configuration that help, as far as it has them.
std::string collapse_warning(const std::vector<ActiveUnits>& layers,
                             const std::vector<std::string>& settings);

}  // namespace figment
