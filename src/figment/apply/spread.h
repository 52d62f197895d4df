// Some examples of a set where all would take too long.
#pragma once

#include "figment/data/dataset.h"

namespace figment {

// At most n >= 1 examples from all over the set, in its order: it may be sorted, by class for one.
inline Dataset spread(const Dataset& set, int64_t n) {
  if (set.size() <= n) return set;
  return set.select((torch::arange(n, torch::kLong) * set.size()).div(n, "floor"));
}

}  // namespace figment
