#include "figment/nn/normal_kl.h"

#include <gtest/gtest.h>

#include "figment/nn/distributions.h"

namespace figment {
namespace {

torch::Tensor random(at::IntArrayRef shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape, torch::kDouble);
}

TEST(NormalKl, IsTheStandardOneOfAStandardPrior) {
  const auto mean = random({5, 3}, 1), log_variance = random({5, 3}, 2);
  const auto zero = torch::zeros({5, 3}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(kl_normal(mean, log_variance, zero, zero),
                              kl_standard_normal(mean, log_variance), 1e-14, 1e-14));
  EXPECT_EQ(kl_normal(mean, log_variance, mean, log_variance).abs().max().item<double>(), 0);
}

// Against the integral of q (log q - log p) on a line.
TEST(NormalKl, IsTheIntegral) {
  const auto x = torch::linspace(-30, 30, 60001, torch::kDouble).unsqueeze(1);
  const auto number = [](double v) { return torch::full({1, 1}, v, torch::kDouble); };
  const auto mean = number(0.7), log_variance = number(-0.4);
  const auto prior_mean = number(-1.1), prior_log_variance = number(0.9);
  const auto log_q = gaussian_log_prob(x, mean, log_variance);
  const auto log_p = gaussian_log_prob(x, prior_mean, prior_log_variance);
  const auto integral = (log_q.exp() * (log_q - log_p)).sum().item<double>() * 0.001;
  EXPECT_NEAR(kl_normal(mean, log_variance, prior_mean, prior_log_variance).item<double>(),
              integral, 1e-9);
}

TEST(NormalKl, HasTheGradientOfItsDifferences) {
  std::vector<torch::Tensor> all;
  for (uint64_t i = 0; i < 4; ++i) all.push_back(random({2, 3}, 10 + i).requires_grad_());
  const auto value = [&] { return kl_normal(all[0], all[1], all[2], all[3]).sum(); };
  const auto gradients = torch::autograd::grad({value()}, all);
  torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (int64_t j = 0; j < all[i].numel(); ++j) {
      auto entry = all[i].view(-1)[j];
      entry += kStep;
      const auto above = value().item<double>();
      entry -= 2 * kStep;
      const auto below = value().item<double>();
      entry += kStep;
      EXPECT_NEAR(gradients[i].view(-1)[j].item<double>(), (above - below) / (2 * kStep), 1e-7);
    }
}

}  // namespace
}  // namespace figment
