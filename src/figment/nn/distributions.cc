// Log-densities and divergences.
#include "figment/nn/distributions.h"

#include <cmath>

namespace figment {
namespace {

const double kLogTwoPi = std::log(2 * 3.14159265358979323846);

// [n, ...] -> [n]
torch::Tensor sum_per_example(const torch::Tensor& x) { return x.flatten(1).sum(1); }

}  // namespace

torch::Tensor kl_standard_normal(const torch::Tensor& mean, const torch::Tensor& log_variance) {
  // expm1 keeps the digits of exp(log_variance) - 1 near the prior, where the two nearly cancel.
  return 0.5 * sum_per_example(mean.square() + (log_variance.expm1() - log_variance));
}

torch::Tensor gaussian_log_prob(const torch::Tensor& x, const torch::Tensor& mean,
                                const torch::Tensor& log_variance) {
  const auto square = (x - mean).square() * torch::exp(-log_variance);
  return -0.5 * sum_per_example(square + (log_variance + kLogTwoPi));
}

torch::Tensor standard_normal_log_prob(const torch::Tensor& x) {
  const auto dimensions = static_cast<double>(x.numel()) / static_cast<double>(x.size(0));
  return -0.5 * (sum_per_example(x.square()) + dimensions * kLogTwoPi);
}

torch::Tensor multinomial_log_prob(const torch::Tensor& logits, const torch::Tensor& x) {
  const auto log_p = torch::log_softmax(logits.flatten(1), 1);
  const auto counts = x.flatten(1);
  return (counts * log_p - torch::lgamma(counts + 1)).sum(1) + torch::lgamma(counts.sum(1) + 1);
}

torch::Tensor poisson_log_prob(const torch::Tensor& log_rate, const torch::Tensor& x) {
  return sum_per_example(x * log_rate - torch::exp(log_rate) - torch::lgamma(x + 1));
}

torch::Tensor reparametrize(const torch::Tensor& mean, const torch::Tensor& log_variance,
                            const torch::Tensor& epsilon) {
  return mean + torch::exp(0.5 * log_variance) * epsilon;
}

torch::Tensor log_mean_exp(const torch::Tensor& values, int64_t dim) {
  return torch::logsumexp(values, dim) - std::log(static_cast<double>(values.size(dim)));
}

}  // namespace figment
