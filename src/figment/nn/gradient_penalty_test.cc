#include "figment/nn/gradient_penalty.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/gradients.h"

namespace figment {
namespace {

// Of a plane the slope is its normal, everywhere.
TEST(GradientPenalty, OfALinearScoreIsKnown) {
  torch::manual_seed(1);
  const auto w = torch::tensor({1.0, -2.0, 2.0}, torch::kDouble).requires_grad_();  // length 3
  const auto score = [&](const torch::Tensor& x) { return x.mv(w) + 0.7; };
  const auto truth = torch::randn({6, 3}, torch::kDouble), made = torch::randn_like(truth);
  const auto centred_at_one =
      one_centred_penalty(score, truth, made, torch::rand({6}, torch::kDouble));
  EXPECT_NEAR(centred_at_one.item<double>(), (3 - 1) * (3 - 1), 1e-10);
  // d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
  EXPECT_TRUE(torch::allclose(torch::autograd::grad({centred_at_one}, {w})[0], 4 * w / 3, 1e-10));
  const auto x = truth.clone().requires_grad_();
  const auto centred_at_zero = zero_centred_penalty(score(x), x);
  EXPECT_NEAR(centred_at_zero.item<double>(), 9, 1e-12);
  EXPECT_TRUE(torch::allclose(torch::autograd::grad({centred_at_zero}, {w})[0], 2 * w));
}

// score = |x|^2 / 2 has the slope |x| at x: the penalty tells at which points it was taken.
TEST(GradientPenalty, IsTakenOnTheLineBetweenTrueAndMade) {
  torch::manual_seed(2);
  const auto truth = torch::randn({5, 1, 2, 2}, torch::kDouble), made = torch::randn_like(truth);
  const auto u = torch::tensor({0.0, 0.25, 0.5, 0.9, 1.0}, torch::kDouble);
  const auto score = [](const torch::Tensor& x) { return 0.5 * x.square().flatten(1).sum(1); };
  const auto share = u.view({5, 1, 1, 1});
  const auto length = (share * truth + (1 - share) * made).flatten(1).norm(2, 1);
  EXPECT_NEAR(one_centred_penalty(score, truth, made, u).item<double>(),
              (length - 1).square().mean().item<double>(), 1e-10);
}

TEST(GradientPenalty, HasTheGradientsOfFiniteDifferences) {
  torch::manual_seed(3);
  const auto truth = torch::randn({4, 3}, torch::kDouble), made = torch::randn_like(truth);
  const auto u = torch::rand({4}, torch::kDouble);
  const auto both = [&](const std::vector<torch::Tensor>& w) {
    const torch::AutoGradMode with_graph(true);
    const auto score = [&](const torch::Tensor& x) {
      return torch::nn::functional::silu(x.mm(w[0])).mv(w[1]);
    };
    const auto x = truth.clone().requires_grad_();
    return torch::stack(
        {one_centred_penalty(score, truth, made, u), zero_centred_penalty(score(x), x)});
  };
  expect_gradients(both, {torch::randn({3, 5}, torch::kDouble), torch::randn({5}, torch::kDouble)});
}

// At a score that does not rise at all the root of its slope has no derivative; a weight that comes
// from it must be finite all the same.
TEST(GradientPenalty, IsFiniteWhereTheScoreIsFlat) {
  const auto w = torch::zeros({3}).requires_grad_();
  const auto score = [&](const torch::Tensor& x) { return x.mv(w); };
  const auto penalty =
      one_centred_penalty(score, torch::ones({2, 3}), torch::zeros({2, 3}), torch::rand({2}));
  EXPECT_NEAR(penalty.item<double>(), 1, 1e-5);
  EXPECT_TRUE(torch::autograd::grad({penalty}, {w})[0].isfinite().all().item<bool>());
}

}  // namespace
}  // namespace figment
