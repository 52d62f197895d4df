#include "figment/nn/noise.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment {
namespace {

using torch::Tensor;

TEST(Noise, BelongsToTheExampleNotToTheBatch) {
  Noise whole(5, 10, 8);
  const auto first = whole.normal({3, 7}), second = whole.uniform({5}),
             third = whole.normal({3, 7});
  ASSERT_EQ(first.sizes(), (std::vector<int64_t>{8, 3, 7}));
  for (const int64_t size : {1, 3}) {
    for (int64_t begin = 0; begin + size <= 8; begin += size) {
      Noise part(5, 10 + begin, size);
      EXPECT_TRUE(torch::equal(part.normal({3, 7}), first.narrow(0, begin, size)));
      EXPECT_TRUE(torch::equal(part.uniform({5}), second.narrow(0, begin, size)));
      EXPECT_TRUE(torch::equal(part.normal({3, 7}), third.narrow(0, begin, size)));
    }
  }
}

TEST(Noise, DoesNotDependOnTheThreads) {
  const int before = torch::get_num_threads();
  torch::set_num_threads(1);
  const auto one = Noise(1, 0, 300).normal({400});
  torch::set_num_threads(2);
  const auto two = Noise(1, 0, 300).normal({400});
  torch::set_num_threads(before);
  EXPECT_TRUE(torch::equal(one, two));
}

TEST(Noise, DiffersBySeedExampleAndDraw) {
  Noise noise(1, 0, 2);
  const auto a = noise.normal({100}), b = noise.normal({100}), c = Noise(2, 0, 2).normal({100});
  const auto d = Noise(1, 2, 2).normal({100});
  const auto all = torch::cat({a, b, c, d});  // eight rows that should be independent
  const auto correlation = torch::corrcoef(all) - torch::eye(8);
  EXPECT_LT(correlation.abs().max().item<double>(), 0.4);  // 4 / sqrt(100)
}

TEST(Noise, HasItsMoments) {
  Noise noise(3, 0, 1000);
  const auto normal = noise.normal({20, 10}), uniform = noise.uniform({200});
  EXPECT_NEAR(normal.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(normal.std().item<double>(), 1, 0.01);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.003);
  EXPECT_NEAR(uniform.var().item<double>(), 1 / 12.0, 0.002);
  EXPECT_GE(uniform.min().item<double>(), 0);
  EXPECT_LT(uniform.max().item<double>(), 1);
}

TEST(Noise, BernoulliFollowsItsProbabilities) {
  const auto p = torch::tensor({0.0, 0.2, 0.5, 1.0}).expand({10000, 4});
  const auto x = Noise(4, 0, 10000).bernoulli(p);
  EXPECT_TRUE(torch::equal(x, x.square()));
  const auto mean = x.mean(0);
  EXPECT_EQ(mean[0].item<double>(), 0);
  EXPECT_NEAR(mean[1].item<double>(), 0.2, 0.02);
  EXPECT_NEAR(mean[2].item<double>(), 0.5, 0.02);
  EXPECT_EQ(mean[3].item<double>(), 1);
  EXPECT_TRUE(torch::equal(Noise(4, 9, 1).bernoulli(p.narrow(0, 0, 1)), x.narrow(0, 9, 1)));
}

TEST(Noise, BearsNothingToFill) {
  EXPECT_EQ(Noise(1, 0, 0).normal({3}).numel(), 0);
  EXPECT_EQ(Noise(1, 0, 3).normal({0}).numel(), 0);
  EXPECT_EQ(Noise(1, 0, 3).normal({}).sizes(), (std::vector<int64_t>{3}));
}

}  // namespace
}  // namespace figment
