#include "figment/data/bins.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment {
namespace {

torch::Tensor normal_log_density(const torch::Tensor& x) {
  return -0.5 * x.square().sum(1) - 0.5 * static_cast<double>(x.size(1)) * std::log(2 * M_PI);
}

TEST(JensenShannon, IsTheFormula) {
  const auto p = torch::tensor({0.8, 0.2}, torch::kDouble);
  const auto q = torch::tensor({0.3, 0.7}, torch::kDouble);
  const double wanted = 0.5 * (0.8 * std::log(0.8 / 0.55) + 0.2 * std::log(0.2 / 0.45) +
                               0.3 * std::log(0.3 / 0.55) + 0.7 * std::log(0.7 / 0.45));
  EXPECT_NEAR(jensen_shannon(p, q), wanted, 1e-12);
  EXPECT_NEAR(jensen_shannon(q, p), wanted, 1e-12);
  EXPECT_NEAR(jensen_shannon(p, p), 0, 1e-12);
  // Of what has nothing in common it is log 2.
  const auto one = torch::tensor({1.0, 0.0}, torch::kDouble);
  EXPECT_NEAR(jensen_shannon(one, 1 - one), std::log(2), 1e-12);
}

TEST(Bins, CountWhatLiesInEach) {
  const Bins line{torch::tensor({0.0}, torch::kDouble), 2, 2};
  const auto shares = line.shares(torch::tensor({{0.5}, {0.9}, {1.0}, {-0.1}, {2.0}}));
  EXPECT_TRUE(torch::allclose(shares, torch::tensor({0.4, 0.2, 0.4}, torch::kDouble)));
  // The upper left of a plane comes first, as in an image.
  const Bins plane{torch::tensor({-1.0, -1.0}, torch::kDouble), 2, 2};
  const auto corner = plane.shares(torch::tensor({{-0.5, 0.5}, {0.5, -0.5}, {0.5, -0.7}}));
  EXPECT_TRUE(torch::allclose(3 * corner, torch::tensor({1., 0., 0., 2., 0.}, torch::kDouble)));
  const auto middles = plane.middles();
  for (int64_t i = 0; i < 4; ++i)
    EXPECT_EQ(plane.shares(middles.slice(0, i, i + 1))[i].item<double>(), 1) << i;
}

TEST(Bins, IntegrateADensity) {
  for (const int64_t d : {1, 2}) {
    const Bins bins{torch::full({d}, -1.0, torch::kDouble), 2, 10};
    const auto probability = bins.integrals(&normal_log_density);
    const double inside = std::pow(std::erf(1 / std::sqrt(2)), d);
    EXPECT_NEAR(probability[probability.size(0) - 1].item<double>(), 1 - inside, 1e-4) << d;
    EXPECT_NEAR(probability.sum().item<double>(), 1, 1e-12);
    torch::manual_seed(1);
    const auto shares = bins.shares(torch::randn({200000, d}));
    EXPECT_LT((shares - probability).abs().max().item<double>(), 0.004) << d;
  }
}

// Of N(0, 1) and N(1, 1): by quadrature of their densities.
TEST(Bins, GiveTheDivergenceOfDensities) {
  const Bins bins{torch::full({1}, -8.0, torch::kDouble), 17, 400};
  const auto p = bins.integrals(&normal_log_density);
  const auto q = bins.integrals([](const torch::Tensor& x) { return normal_log_density(x - 1); });
  double wanted = 0;
  const double step = 1e-3;
  for (double x = -8; x < 9; x += step) {
    const auto a = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    const auto b = std::exp(-(x - 1) * (x - 1) / 2) / std::sqrt(2 * M_PI);
    wanted += step * 0.5 * (a * std::log(2 * a / (a + b)) + b * std::log(2 * b / (a + b)));
  }
  EXPECT_NEAR(jensen_shannon(p, q), wanted, 1e-3);
}

TEST(Bins, SpanThePointsWithAMargin) {
  const auto bins = bins_about(torch::tensor({{0.0, 5.0}, {10.0, 6.0}}), 4);
  EXPECT_NEAR(bins.width, 12, 1e-9);
  EXPECT_NEAR(bins.low[0].item<double>(), -1, 1e-9);
  EXPECT_NEAR(bins.low[1].item<double>(), -0.5, 1e-9);
}

}  // namespace
}  // namespace figment
