#include "figment/nn/adversarial_losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/gradients.h"

namespace figment {
namespace {

using Loss = AdversarialLoss;

constexpr std::array kAll = {Loss::kNonSaturating, Loss::kMinimax, Loss::kLeastSquares,
                             Loss::kHinge, Loss::kWasserstein};

torch::Tensor scores(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

double value(const torch::Tensor& loss) { return loss.item<double>(); }

TEST(AdversarialLosses, AreTheFormulas) {
  const auto t = scores({-1.5, 0.25, 3});
  const std::vector<double> all = {-1.5, 0.25, 3};
  const auto mean = [&](auto&& f) { return (f(all[0]) + f(all[1]) + f(all[2])) / 3; };
  const auto log_d = [](double s) { return -std::log1p(std::exp(-s)); };
  const auto log_not_d = [](double s) { return -std::log1p(std::exp(s)); };
  for (const auto loss : {Loss::kNonSaturating, Loss::kMinimax}) {
    EXPECT_NEAR(value(loss_of_true(loss, t)), -mean(log_d), 1e-12);
    EXPECT_NEAR(value(loss_of_made(loss, t)), -mean(log_not_d), 1e-12);
  }
  EXPECT_NEAR(value(loss_of_fooling(Loss::kNonSaturating, t)), -mean(log_d), 1e-12);
  EXPECT_NEAR(value(loss_of_fooling(Loss::kMinimax, t)), mean(log_not_d), 1e-12);
  const auto from_one = mean([](double s) { return (s - 1) * (s - 1) / 2; });
  EXPECT_NEAR(value(loss_of_true(Loss::kLeastSquares, t)), from_one, 1e-12);
  EXPECT_NEAR(value(loss_of_fooling(Loss::kLeastSquares, t)), from_one, 1e-12);
  EXPECT_NEAR(value(loss_of_made(Loss::kLeastSquares, t)), mean([](double s) { return s * s / 2; }),
              1e-12);
  EXPECT_NEAR(value(loss_of_true(Loss::kHinge, t)), (2.5 + 0.75 + 0) / 3, 1e-12);
  EXPECT_NEAR(value(loss_of_made(Loss::kHinge, t)), (0 + 1.25 + 4) / 3, 1e-12);
  EXPECT_NEAR(value(loss_of_fooling(Loss::kHinge, t)), -1.75 / 3, 1e-12);
  EXPECT_NEAR(value(loss_of_true(Loss::kWasserstein, t)), -1.75 / 3, 1e-12);
  EXPECT_NEAR(value(loss_of_made(Loss::kWasserstein, t)), 1.75 / 3, 1e-12);
}

// Cross-entropy with a label of 1 - e, written out; the other losses of true examples lack a label.
TEST(AdversarialLosses, SmoothOneSide) {
  const auto t = scores({-1.5, 0.25, 3});
  const double e = 0.1;
  const auto log_d = torch::log_sigmoid(t), log_not_d = torch::log_sigmoid(-t);
  for (const auto loss : {Loss::kNonSaturating, Loss::kMinimax})
    EXPECT_NEAR(value(loss_of_true(loss, t, e)), value(-((1 - e) * log_d + e * log_not_d).mean()),
                1e-12);
  EXPECT_NEAR(value(loss_of_true(Loss::kLeastSquares, t, e)),
              value(0.5 * (t - 0.9).square().mean()), 1e-12);
  // The best D of examples that are all true is 1 - e: its score has no slope there.
  const auto best = scores({std::log(9)}).requires_grad_();
  EXPECT_NEAR(
      torch::autograd::grad({loss_of_true(Loss::kMinimax, best, e)}, {best})[0].item<double>(), 0,
      1e-12);
}

TEST(AdversarialLosses, AreLogFourWhereTheDiscriminatorKnowsNothing) {
  const auto zero = torch::zeros({5}, torch::kDouble);
  for (const auto loss : {Loss::kNonSaturating, Loss::kMinimax})
    EXPECT_NEAR(value(loss_of_true(loss, zero) + loss_of_made(loss, zero)), std::log(4), 1e-14);
  // The score 1/2 is the least of the least squares when both are equally likely.
  const auto half = zero + 0.5;
  EXPECT_NEAR(
      value(loss_of_true(Loss::kLeastSquares, half) + loss_of_made(Loss::kLeastSquares, half)),
      0.25, 1e-14);
}

// The optimal discriminator's loss is log 4 - 2 JSD, here of p = (0.8, 0.2) and q = (0.3, 0.7).
TEST(AdversarialLosses, MeasureTheJensenShannonDivergence) {
  const double p[] = {0.8, 0.2}, q[] = {0.3, 0.7};
  const auto kl = [&](const double* a, int i) {
    return a[i] * std::log(a[i] / (0.5 * (p[i] + q[i])));
  };
  const double jsd = 0.5 * (kl(p, 0) + kl(p, 1) + kl(q, 0) + kl(q, 1));
  const auto scored = [&](const double* of) {  // ten examples in the proportions of `of`
    std::vector<double> all;
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < static_cast<int>(std::lround(10 * of[i])); ++k)
        all.push_back(std::log(p[i] / q[i]));  // D = p / (p + q)
    return scores(all);
  };
  const auto loss =
      loss_of_true(Loss::kMinimax, scored(p)) + loss_of_made(Loss::kMinimax, scored(q));
  EXPECT_NEAR(value(loss), std::log(4) - 2 * jsd, 1e-12);
}

TEST(AdversarialLosses, HaveTheirGradients) {
  torch::manual_seed(1);
  const auto t = 2 * torch::randn({7}, torch::kDouble);
  for (const auto loss : kAll) {
    SCOPED_TRACE(name_of_enum(loss));
    expect_gradients([&](const auto& in) { return loss_of_true(loss, in[0]); }, {t});
    expect_gradients([&](const auto& in) { return loss_of_made(loss, in[0]); }, {t});
    expect_gradients([&](const auto& in) { return loss_of_fooling(loss, in[0]); }, {t});
  }
}

// Where the discriminator is sure, minimax leaves the generator no slope and non_saturating one of
// 1; and no score overflows.
TEST(AdversarialLosses, SaturateOrDoNot) {
  const auto slope = [](Loss loss) {
    auto score = torch::full({1}, -40.0, torch::kDouble).requires_grad_();
    return torch::autograd::grad({loss_of_fooling(loss, score)}, {score})[0].item<double>();
  };
  EXPECT_NEAR(slope(Loss::kNonSaturating), -1, 1e-12);
  EXPECT_NEAR(slope(Loss::kMinimax), 0, 1e-12);
  for (const auto loss : kAll)
    for (const double score : {-1e4, 1e4}) {
      EXPECT_TRUE(std::isfinite(value(loss_of_true(loss, scores({score})))));
      EXPECT_TRUE(std::isfinite(value(loss_of_fooling(loss, scores({score})))));
    }
}

}  // namespace
}  // namespace figment
