#include "figment/nn/bayes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/nn/distributions.h"

namespace figment {
namespace {

TEST(Bayes, CountsByLaplacesRule) {
  const auto prior = log_class_prior(torch::tensor({7, 0, 1}, torch::kLong)).exp();
  EXPECT_TRUE(
      torch::allclose(prior, torch::tensor({8.0, 1.0, 2.0}, torch::kDouble) / 11, 1e-14, 0));
  const auto none = log_class_prior(torch::zeros({4}, torch::kLong)).exp();
  EXPECT_TRUE(torch::allclose(none, torch::full({4}, 0.25, torch::kDouble), 1e-14, 0));
}

// Two normals of one variance on a line: the posterior is a logistic function of x, and it moves by
// the logarithm of the ratio of the priors.
TEST(Bayes, IsTheLogisticFunctionOfTwoNormals) {
  const auto x = torch::linspace(-4, 4, 9, torch::kDouble).unsqueeze(1);
  const auto zero = torch::zeros({}, torch::kDouble);
  const auto density =
      torch::stack({gaussian_log_prob(x, zero - 1, zero), gaussian_log_prob(x, zero + 1, zero)}, 1);
  const auto prior = torch::log(torch::tensor({0.2, 0.8}, torch::kDouble));
  const auto posterior = class_log_posterior(density, prior).exp();
  const auto wanted = torch::sigmoid(2 * x.squeeze(1) + std::log(4.0));
  EXPECT_TRUE(torch::allclose(posterior.select(1, 1), wanted, 1e-12, 1e-14));
  // As far down as bounds of images lie.
  const auto far = class_log_posterior(density.to(torch::kFloat) - 1e4f, prior);
  EXPECT_TRUE(far.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace figment
