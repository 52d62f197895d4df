#include "figment/nn/bayes.h"

namespace figment {

torch::Tensor log_class_prior(const torch::Tensor& counts) {
  const auto smoothed = counts.to(torch::kDouble) + 1;
  return torch::log(smoothed / smoothed.sum());
}

torch::Tensor class_log_posterior(const torch::Tensor& log_density,
                                  const torch::Tensor& log_prior) {
  return torch::log_softmax(log_density + log_prior.to(log_density.options()), 1);
}

}  // namespace figment
