#include "figment/model/settle.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

TEST(Settle, LeavesTheAveragesInBoth) {
  OptimizerConfig config;
  config.average = 0.5;
  auto p = torch::ones({1}, torch::requires_grad()), mean = torch::zeros({1});
  Optimizer optimizer("all", {{"p", p}, {"mean", mean}}, config);
  for (int i = 0; i < 3; ++i) {
    mean.add_(1);  // as a forward pass moves it
    optimizer.minimize(p.square().sum());
  }
  const auto wanted = optimizer.average()[0].second.item<float>();
  const auto wanted_mean = optimizer.average()[1].second.item<float>();
  EXPECT_NE(p.item<float>(), wanted);
  settle_on_average(optimizer);
  EXPECT_EQ(p.item<float>(), wanted);
  EXPECT_EQ(mean.item<float>(), wanted_mean);
  EXPECT_EQ(optimizer.average()[0].second.item<float>(), wanted);
  EXPECT_EQ(optimizer.average()[1].second.item<float>(), wanted_mean);
  // They are two: what is learned next does not move the average with it.
  optimizer.minimize(p.square().sum());
  EXPECT_NE(optimizer.average()[0].second.item<float>(), p.item<float>());
}

TEST(Settle, DoesNothingWithoutAverages) {
  auto p = torch::ones({1}, torch::requires_grad());
  Optimizer optimizer("all", {{"p", p}}, OptimizerConfig());
  optimizer.minimize(p.square().sum());
  const auto before = p.item<float>();
  settle_on_average(optimizer);
  EXPECT_EQ(p.item<float>(), before);
}

}  // namespace
}  // namespace figment
