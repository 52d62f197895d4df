#include "figment/eval/memorisation.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/eval/nearest.h"

namespace figment {

NearestTraining nearest_training(const torch::Tensor& training, const torch::Tensor& examples,
                                 bool same) {
  torch::NoGradGuard no_grad;
  const auto most = training.size(0) - (same ? 1 : 0);
  FIGMENT_CHECK(most >= 2);
  const auto k = std::min(most, kMemorisationNeighbours + 1);
  const auto distances = nearest(training, examples, k, same).distance;  // [n, k], rising
  const auto first = distances.select(1, 0).contiguous();
  const auto others = distances.narrow(1, 1, k - 1).mean(1);
  return {first, first / others.clamp_min(1e-12)};
}

torch::Tensor copies(const NearestTraining& nearest) {
  return (nearest.ratio <= kCopyRatio).to(torch::kDouble);
}

}  // namespace figment
