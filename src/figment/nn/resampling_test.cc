#include "figment/nn/resampling.h"

#include <gtest/gtest.h>

#include "support/gradients.h"

namespace figment {
namespace {

TEST(Resampling, PoolingKeepsTheLargestAndWhereItWas) {
  const auto x = torch::tensor({{1.f, 9.f, 2.f, 3.f, 7.f},  //
                                {4.f, 5.f, 8.f, 6.f, 7.f},
                                {7.f, 7.f, 7.f, 7.f, 7.f}})
                     .view({1, 1, 3, 5});
  const auto pooled = max_pool(x);
  EXPECT_TRUE(torch::equal(pooled.x, torch::tensor({{{{9.f, 8.f}}}})));
  EXPECT_TRUE(torch::equal(pooled.switches, torch::tensor({1, 2}).view({1, 1, 1, 2})));
  // Back at their places, in a map whose last row and column no window saw.
  EXPECT_TRUE(torch::equal(max_unpool(pooled.x, pooled.switches, 3, 5),
                           torch::tensor({{0.f, 9.f, 0.f, 0.f, 0.f},  //
                                          {0.f, 0.f, 8.f, 0.f, 0.f},
                                          {0.f, 0.f, 0.f, 0.f, 0.f}})
                               .view({1, 1, 3, 5})));
}

TEST(Resampling, UnpoolingPutsEveryMaximumBack) {
  torch::manual_seed(1);
  for (const auto& [height, width] : {std::pair{12, 12}, {11, 14}, {7, 7}, {2, 3}}) {
    const auto x = torch::rand({3, 4, height, width}) + 0.1;
    const auto pooled = max_pool(x);
    const auto back = max_unpool(pooled.x, pooled.switches, height, width);
    ASSERT_EQ(back.sizes(), x.sizes());
    // What is there is what was there, one of each window; pooling again gives the same.
    const auto there = back != 0;
    EXPECT_TRUE(torch::equal(back.masked_select(there), x.masked_select(there)));
    EXPECT_EQ(there.sum().item<int64_t>(), 3 * 4 * (height / 2) * (width / 2));
    const auto again = max_pool(back);
    EXPECT_TRUE(torch::equal(again.x, pooled.x));
    EXPECT_TRUE(torch::equal(again.switches, pooled.switches));
  }
}

TEST(Resampling, HasTheGradientOfWhatItComputes) {
  torch::manual_seed(2);
  // Every value differs from every other by more than the step of the numerical gradient.
  const auto order = torch::randperm(120).to(torch::kDouble) / 10;
  const auto x = order.view({2, 2, 5, 6});
  const auto weight = torch::randn({2, 2, 5, 6}, torch::kDouble);
  expect_gradients(
      [&](const std::vector<torch::Tensor>& in) {
        const auto pooled = max_pool(in[0]);
        return (max_unpool(pooled.x.square(), pooled.switches, 5, 6) * weight).sum();
      },
      {x});
}

}  // namespace
}  // namespace figment
