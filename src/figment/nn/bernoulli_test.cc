#include "figment/nn/bernoulli.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/fast_paths.h"
#include "support/gradients.h"

namespace figment {
namespace {

torch::Tensor bits(at::IntArrayRef shape, torch::ScalarType type) {
  return (torch::rand(shape) < 0.4).to(type);
}

// By LibTorch's operators.
torch::Tensor plain(const torch::Tensor& logits, const torch::Tensor& x) {
  const FastPathsScope off(false);
  return bernoulli_log_prob(logits, x);
}

// Widths with and without a rest of the vectorised loop; several logits for each example.
TEST(BernoulliLogProbs, AreTheSumsOfTheElements) {
  torch::manual_seed(1);
  for (const auto type : {torch::kDouble, torch::kFloat})
    for (const int64_t width : {1, 31, 64, 100, 784}) {
      const int64_t n = 3, k = 4;
      const auto logits = 6 * torch::randn({k * n, width}, type);
      const auto x = bits({n, width}, type);
      const auto got = bernoulli_log_probs(logits, x);
      ASSERT_EQ(got.sizes(), (std::vector<int64_t>{k, n}));
      const auto wanted =
          plain(logits.to(torch::kDouble), x.to(torch::kDouble).repeat({k, 1})).view({k, n});
      const double tolerance = type == torch::kDouble ? 1e-13 : 1e-6;
      EXPECT_TRUE(torch::allclose(got.to(torch::kDouble), wanted, tolerance, tolerance)) << width;
      const auto one = bernoulli_log_prob(logits, x.repeat({k, 1}));
      EXPECT_TRUE(torch::equal(one, got.flatten())) << width;
    }
}

TEST(BernoulliLogProbs, SumToOneOverAllImages) {
  torch::manual_seed(2);
  const auto logits = 3 * torch::randn({1, 4}, torch::kDouble);
  double total = 0;
  for (int image = 0; image < 16; ++image) {
    auto x = torch::empty({1, 4}, torch::kDouble);
    for (int i = 0; i < 4; ++i) x[0][i] = (image >> i) & 1;
    total += std::exp(bernoulli_log_probs(logits, x).item<double>());
  }
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(BernoulliLogProbs, HaveTheirGradient) {
  torch::manual_seed(3);
  const auto x = bits({2, 1, 5, 7}, torch::kDouble);
  expect_gradients(
      [&](const std::vector<torch::Tensor>& in) { return bernoulli_log_probs(in[0], x); },
      {torch::randn({6, 1, 5, 7}, torch::kDouble)});
  // Of floats, against those of the operators that it stands for.
  const auto logits = (4 * torch::randn({6, 784})).requires_grad_();
  const auto y = bits({2, 784}, torch::kFloat);
  const auto weight = torch::randn({3, 2});
  const auto one =
      torch::autograd::grad({(bernoulli_log_probs(logits, y) * weight).sum()}, {logits});
  const auto sums = plain(logits, y.repeat({3, 1})).view({3, 2});
  const auto two = torch::autograd::grad({(sums * weight).sum()}, {logits});
  EXPECT_TRUE(torch::allclose(one[0], two[0], 1e-5, 1e-6));
}

TEST(BernoulliLogProbs, NeitherOverflowNorHideWhatIsNoNumber) {
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    auto logits = torch::zeros({4, 40}, type);
    logits[0].fill_(1e4);
    logits[1].fill_(-1e4);
    logits[2].fill_(std::nan(""));
    const auto sums = bernoulli_log_probs(logits, torch::ones({1, 40}, type)).squeeze(1);
    EXPECT_EQ(sums[0].item<double>(), 0);
    EXPECT_EQ(sums[1].item<double>(), -4e5);
    EXPECT_TRUE(std::isnan(sums[2].item<double>()));
    EXPECT_NEAR(sums[3].item<double>(), -40 * std::log(2), 1e-5);
  }
}

}  // namespace
}  // namespace figment
