// Lloyd, "Least squares quantization in PCM", 1982.
#include "figment/eval/k_means.h"

#include "figment/core/error.h"
#include "figment/eval/nearest.h"

namespace figment {

torch::Tensor k_means(const torch::Tensor& x, int64_t k, int64_t steps) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(k >= 1 && k <= x.size(0));
  auto means = x.narrow(0, 0, k).clone();
  for (int64_t step = 0; step < steps; ++step) {
    const auto own = nearest(means, x, 1).index.select(1, 0);  // [n]
    const auto counts = torch::bincount(own, {}, k).unsqueeze(1);
    const auto sums = torch::zeros_like(means).index_add_(0, own, x);
    means = torch::where(counts > 0, sums / counts.clamp_min(1), means);
  }
  return means;
}

}  // namespace figment
