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
  // A prior for each example: where it is known, the picture has no say.
  const auto known = torch::log(torch::tensor({1 - 1e-12, 1e-12}, torch::kDouble)).expand({9, 2});
  EXPECT_LT(class_log_posterior(density, known).exp().select(1, 1).max().item<double>(), 1e-8);
}

// Counted batch by batch, the density of a class is that of the normal distribution with the
// moments of its examples and of one more, which is as all examples are.
TEST(Bayes, FitsANormalToTheAttributesOfEachClass) {
  torch::manual_seed(1);
  const auto label = torch::arange(60).remainder(2);  // the third class has none
  auto values = torch::randn({60, 2}, torch::kDouble) + 3;
  values.select(1, 1).add_(label + 0.5 * values.select(1, 0));
  auto sum = torch::zeros({3, 2}, torch::kDouble),
       products = torch::zeros({3, 2, 2}, torch::kDouble);
  for (int64_t first = 0; first < 60; first += 20)
    add_class_moments(label.narrow(0, first, 20), values.narrow(0, first, 20), sum, products);
  const auto count = torch::bincount(label, {}, 3);
  const auto got = class_attribute_log_density(count, sum, products, values);
  ASSERT_EQ(got.sizes().vec(), (std::vector<int64_t>{60, 3}));
  const auto all = values.mean(0);
  const auto wide = torch::diag(values.var(0, /*unbiased=*/false));
  for (int64_t one = 0; one < 3; ++one) {
    const auto rows = values.index_select(0, (label == one).nonzero().flatten());
    const auto n = static_cast<double>(rows.size(0));
    const auto mean = (rows.sum(0) + all) / (n + 1);
    const auto squares = rows.t().mm(rows) + wide + torch::outer(all, all);
    const auto covariance = squares / (n + 1) - torch::outer(mean, mean);
    const auto off = values - mean;
    const auto wanted = -0.5 * ((off.mm(covariance.inverse()) * off).sum(1) +
                                covariance.det().log() + 2 * std::log(2 * M_PI));
    EXPECT_TRUE(torch::allclose(got.select(1, one), wanted, 1e-9, 1e-9)) << one;
  }
}

// Attributes that follow from the class or from one another, far from zero: nothing is infinite.
TEST(Bayes, TakesAttributesWithoutAnySpread) {
  const auto label = torch::arange(300).remainder(3);
  const auto x = 1e4 + label.to(torch::kDouble);
  const auto values = torch::stack({x, 2 * x, torch::full({300}, 7.0, torch::kDouble)}, 1);
  auto sum = torch::zeros({3, 3}, torch::kDouble),
       products = torch::zeros({3, 3, 3}, torch::kDouble);
  add_class_moments(label, values, sum, products);
  const auto got =
      class_attribute_log_density(torch::bincount(label, {}, 3), sum, products, values);
  EXPECT_TRUE(got.isfinite().all().item<bool>());
  EXPECT_TRUE(torch::equal(got.argmax(1), label));
}

}  // namespace
}  // namespace figment
