// Some examples of a set where all would take too long.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>

#include "figment/data/dataset.h"

namespace figment {

// Which of `size` examples to take for n >= 1 of them from all over, or all where there are no
// more: [min(n, size)] int64, rising.
inline torch::Tensor spread_rows(int64_t size, int64_t n) {
  n = std::min(n, size);
  return (torch::arange(n, torch::kLong) * size).div(n, "floor");
}

// At most n >= 1 examples from all over the set, in its order: it may be sorted, by class for one.
inline Dataset spread(const Dataset& set, int64_t n) {
  if (set.size() <= n) return set;
  return set.select(spread_rows(set.size(), n));
}

}  // namespace figment
