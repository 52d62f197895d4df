#include "figment/nn/normal_kl.h"

namespace figment {

torch::Tensor kl_normal(const torch::Tensor& mean, const torch::Tensor& log_variance,
                        const torch::Tensor& prior_mean, const torch::Tensor& prior_log_variance) {
  // As in kl_standard_normal, expm1 keeps the digits where the two variances are nearly equal.
  const auto ratio = log_variance - prior_log_variance;
  const auto shift = (mean - prior_mean).square() * torch::exp(-prior_log_variance);
  return 0.5 * (shift + (ratio.expm1() - ratio)).flatten(1).sum(1);
}

}  // namespace figment
