// The divergence of two normal distributions, for codes whose prior is learned.
#pragma once

#include <torch/torch.h>

namespace figment {

// KL(N(mean, diag exp(log_variance)) || N(prior_mean, diag exp(prior_log_variance))) = 1/2 sum(
// prior_log_variance - log_variance + (exp(log_variance) + (mean - prior_mean)^2) /
// exp(prior_log_variance) - 1). All [n, ...] in any floating type -> [n], in nats, differentiable
// with respect to every argument.
torch::Tensor kl_normal(const torch::Tensor& mean, const torch::Tensor& log_variance,
                        const torch::Tensor& prior_mean, const torch::Tensor& prior_log_variance);

}  // namespace figment
