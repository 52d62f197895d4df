#include "figment/nn/bayes.h"

#include <cmath>

namespace figment {

torch::Tensor log_class_prior(const torch::Tensor& counts) {
  const auto smoothed = counts.to(torch::kDouble) + 1;
  return torch::log(smoothed / smoothed.sum());
}

torch::Tensor class_log_posterior(const torch::Tensor& log_density,
                                  const torch::Tensor& log_prior) {
  return torch::log_softmax(log_density + log_prior.to(log_density.options()), 1);
}

void add_class_moments(const torch::Tensor& label, const torch::Tensor& attributes,
                       const torch::Tensor& sum, const torch::Tensor& products) {
  const auto values = attributes.to(torch::kDouble);
  for (int64_t one = 0; one < sum.size(0); ++one) {
    const auto rows = values.index_select(0, (label == one).nonzero().flatten());
    sum[one].add_(rows.sum(0));
    products[one].add_(rows.t().mm(rows));
  }
}

torch::Tensor class_attribute_log_density(const torch::Tensor& count, const torch::Tensor& sum,
                                          const torch::Tensor& products,
                                          const torch::Tensor& attributes) {
  const auto n = count.to(torch::kDouble).view({-1, 1});  // [classes, 1]
  const auto all = n.sum().clamp_min(1);
  const auto mean = sum.sum(0) / all;  // [a], as the next two
  const auto squares = products.diagonal(0, 1, 2).sum(0) / all;
  const auto variance = squares - mean.square();
  // What never changes, as far as the digits of the sums tell, is left on its scale.
  const auto deviation =
      torch::where(variance > 1e-12 * squares, variance, torch::ones_like(variance)).sqrt();
  // All in deviations from the mean of all, with one example of a standard normal added.
  const auto a = mean.size(0);
  const auto shifted = (sum - n * mean) / deviation;  // [classes, a]
  const auto cross = sum.unsqueeze(2) * mean;         // [classes, a, a]
  const auto centred =
      products - cross - cross.transpose(1, 2) + n.unsqueeze(2) * torch::outer(mean, mean);
  const auto middle = shifted / (n + 1);
  const auto covariance =
      (centred / torch::outer(deviation, deviation) + torch::eye(a, sum.options())) /
          (n + 1).unsqueeze(2) -
      middle.unsqueeze(2) * middle.unsqueeze(1);
  const auto [values, axes] = torch::linalg_eigh(covariance);  // [classes, a]; in columns
  // The added example alone makes it so wide in every direction: less is an error of rounding.
  const auto width = torch::maximum(values, (n + 1).reciprocal());
  const auto z = (attributes.to(torch::kDouble) - mean) / deviation;        // [n, a]
  const auto off = (z.unsqueeze(0) - middle.unsqueeze(1)).transpose(1, 2);  // [classes, a, n]
  const auto along = axes.transpose(1, 2).matmul(off);
  const auto distance = (along.square() / width.unsqueeze(2)).sum(1);  // [classes, n]
  const auto scale = width.log().sum(1, /*keepdim=*/true) + 2 * deviation.log().sum();
  const auto log_two_pi = std::log(2 * 3.14159265358979323846);
  return -0.5 * (distance + scale + static_cast<double>(a) * log_two_pi).t();
}

}  // namespace figment
