#include "figment/nn/normal_interval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace figment {
namespace {

struct Known {
  double centre, half, log, slope;  // slope: by the centre
};

// With 60 digits, by mpmath.
constexpr Known kIntervals[] = {{0, 0.5, -0.95991633369562232, 0},
                                {0.25, 2, -0.05370000874873476, -0.05754640173953767},
                                {-0.001, 0.00390625, -5.7709718402506702, 0.00099999491374732721},
                                {-3, 0.5, -5.1198304447882207, 2.786601437728506},
                                {5, 0.0078125, -17.577577490901034, -4.9998982859137077},
                                {-40, 0.25, -794.6334302644475, 39.77512548864549},
                                {100, 0.015625, -5004.0065915765785, -99.992939047279903},
                                {-400, 0.5, -79807.034158563967, 399.50250309754464},
                                {3000, 1, -4497009.4249728231, -2999.0003334444073}};
constexpr Known kBelow[] = {{-1e5, 0, -5000000012.431864, 100000.00001},
                            {-300, 0, -45006.622732118663, 300.00333325926337},
                            {-20, 0, -203.91715537109726, 20.049753068527851},
                            {-1, 0, -1.8410216450092635, 1.5251352761609812},
                            {-0.999, 0, -1.8394969101647779, 1.5243344323053471},
                            {0, 0, -0.69314718055994531, 0.79788456080286536},
                            {3, 0, -0.0013508099647481938, 0.0044378390421256638},
                            {10, 0, -7.6198530241605261e-24, 7.6945986267064193e-23}};

template <class F>
void expect_known(const Known& known, torch::ScalarType type, const F& log_of) {
  auto x = torch::full({1}, known.centre, type).requires_grad_();
  const auto got = log_of(x);
  const auto slope = torch::autograd::grad({got.sum()}, {x})[0];
  const bool fine = type == torch::kDouble;
  EXPECT_NEAR(got.item().toDouble(), known.log,
              (fine ? 1e-12 : 1e-5) * std::max(1.0, std::abs(known.log)))
      << known.centre;
  // In the middle it is the small difference of two slopes.
  EXPECT_NEAR(slope.item().toDouble(), known.slope,
              (fine ? 1e-10 : 2e-4) * std::max(1.0, std::abs(known.slope)))
      << known.centre;
}

TEST(NormalInterval, IsExactFarOutInBothTypes) {
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    for (const auto& known : kBelow)
      expect_known(known, type, [](const torch::Tensor& x) { return log_normal_cdf(x); });
    for (const auto& known : kIntervals)
      expect_known(known, type, [&](const torch::Tensor& x) {
        return log_normal_interval(x, torch::full({1}, known.half, type));
      });
  }
}

// A number far above does not spoil the gradient of one beside it.
TEST(NormalInterval, HasFiniteGradientsOnBothSides) {
  auto x = torch::tensor({-1e4f, -30.0f, 0.0f, 30.0f, 1e4f}).requires_grad_();
  for (const auto& got : {log_normal_cdf(x), log_normal_interval(x, torch::full({1}, 0.5f))}) {
    EXPECT_TRUE(torch::isfinite(got).all().item<bool>());
    const auto slope = torch::autograd::grad({got.sum()}, {x})[0];
    EXPECT_TRUE(torch::isfinite(slope).all().item<bool>()) << slope;
  }
}

TEST(NormalInterval, SumsToOneOverTheLine) {
  const auto centre = torch::arange(-9.75, 10, 0.5, torch::kDouble);
  const auto half = torch::full({1}, 0.25, torch::kDouble);
  EXPECT_NEAR(log_normal_interval(centre, half).exp().sum().item<double>(), 1, 1e-12);
}

// The width is learned too: its slope against a difference.
TEST(NormalInterval, KnowsHowItChangesWithTheWidth) {
  const auto centre = torch::tensor({-12.0, 0.3, 7.0}, torch::kDouble);
  auto half = torch::tensor({0.4, 1.1, 0.02}, torch::kDouble).requires_grad_();
  const auto slope = torch::autograd::grad({log_normal_interval(centre, half).sum()}, {half})[0];
  constexpr double kStep = 1e-6;
  const auto wide = half.detach();
  const auto difference =
      (log_normal_interval(centre, wide + kStep) - log_normal_interval(centre, wide - kStep)) /
      (2 * kStep);
  EXPECT_TRUE(torch::allclose(slope, difference, 1e-6, 1e-6)) << slope << difference;
}

}  // namespace
}  // namespace figment
