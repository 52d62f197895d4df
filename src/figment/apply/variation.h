// Examples like given ones: near them or far, by how much of each is forgotten.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/apply/open_run.h"

namespace figment {

struct VariationOptions {
  double strength = 0.5;  // in (0, 1]: 1 forgets the example
  int64_t answers = 4;    // of each example
  std::uint64_t seed = 1;
};

// [answers, n, shape...] in the model's numbers, on the CPU; answer k of example i follows from
// (seed, k, i). A model that draws in steps adds noise for this share of its steps, and takes it
// off again (Meng et al., "SDEdit", 2022, https://arxiv.org/abs/2108.01073). One whose codes are
// drawn from a standard normal or another prior that it tells mixes the code z with a fresh draw
// e: sqrt(1 - strength^2) z + strength e, which of normal codes keeps the distribution. Throws
// Error(kConfig) when the model can do neither.
torch::Tensor vary(const LoadedRun& run, const Dataset& set, const VariationOptions& options);

}  // namespace figment
