#include "figment/nn/unet.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment {
namespace {

void disturb(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) parameter.add_(torch::randn_like(parameter), 0.1);
}

std::string first_problem(const UnetConfig& config, std::vector<int64_t> shape) {
  Problems problems;
  check_unet(config, shape, {problems, "model.unet", nullptr});
  return problems.empty() ? "" : problems.lines()[0];
}

UnetConfig small() {
  UnetConfig config;
  config.channels = 8;
  config.blocks = 1;
  config.multipliers = {1, 2, 2};
  config.attention = {4};
  config.heads = 2;
  return config;
}

TEST(Unet, KeepsSizesThatAreOdd) {
  for (const int64_t side : {13, 14, 16}) {
    auto config = small();
    config.attention = {};
    ASSERT_EQ(first_problem(config, {3, side, side + 1}), "");
    Unet net(config, 3, 6, side, 0);
    const auto y = net(torch::randn({2, 3, side, side + 1}), torch::tensor({1, 900}));
    EXPECT_EQ(y.sizes(), (std::vector<int64_t>{2, 6, side, side + 1}));
    EXPECT_EQ(y.abs().max().item<float>(), 0);  // as every network begins
  }
}

TEST(Unet, TakesSquaresOfPixelsTogether) {
  torch::manual_seed(4);
  auto config = small();
  config.multipliers = {1, 2};
  config.patch = 2;
  ASSERT_EQ(first_problem(config, {3, 8, 12}), "");
  Unet net(config, 3, 6, 8, 0);
  disturb(*net);
  const auto t = torch::tensor({1, 900});
  const auto x = torch::randn({2, 3, 8, 12});
  const auto y = net(x, t);
  EXPECT_EQ(y.sizes(), (std::vector<int64_t>{2, 6, 8, 12}));
  // The network without patches, with the same weights, on what a square of pixels gives: pixel
  // (2i + a, 2j + b) of channel c is channel 4c + 2a + b at (i, j).
  config.patch = 1;
  Unet plain(config, 12, 24, 4, 0);
  const torch::NoGradGuard no_grad;
  const auto from = net->parameters(), to = plain->parameters();
  ASSERT_EQ(from.size(), to.size());
  for (std::size_t i = 0; i < to.size(); ++i) torch::Tensor(to[i]).copy_(from[i]);
  auto squares = torch::empty({2, 12, 4, 6});
  auto wanted = torch::empty_like(y);
  using torch::indexing::Slice;
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t a = 0; a < 2; ++a)
      for (int64_t b = 0; b < 2; ++b)
        squares.select(1, 4 * c + 2 * a + b)
            .copy_(x.index({Slice(), c, Slice(a, {}, 2), Slice(b, {}, 2)}));
  const auto out = plain(squares, t);
  for (int64_t c = 0; c < 6; ++c)
    for (int64_t a = 0; a < 2; ++a)
      for (int64_t b = 0; b < 2; ++b)
        wanted.index_put_({Slice(), c, Slice(a, {}, 2), Slice(b, {}, 2)},
                          out.select(1, 4 * c + 2 * a + b));
  EXPECT_TRUE(torch::allclose(y, wanted, 1e-4, 1e-5));

  config.patch = 3;
  EXPECT_EQ(first_problem(config, {3, 8, 12}),
            "model.unet.patch: expected a divisor of the height and the width of images of 8x12, "
            "got 3");
  config.patch = 8;
  EXPECT_NE(first_problem(config, {3, 8, 16}).find("of 8x16 in patches"), std::string::npos);
}

TEST(Unet, HearsTheStepTheConditionAndFarPixels) {
  torch::manual_seed(1);
  Unet net(small(), 1, 1, 16, 3);
  disturb(*net);
  net->eval();
  const auto x = torch::randn({1, 1, 16, 16});
  const auto t = torch::tensor({5});
  const auto condition = torch::tensor({{1.0f, 0.0f, 0.0f}});
  const auto y = net(x, t, condition);
  EXPECT_FALSE(torch::allclose(y, net(x, torch::tensor({500}), condition)));
  EXPECT_FALSE(torch::allclose(y, net(x, t, condition.flip(1))));
  // Attention at height 4 carries a corner to the opposite one.
  auto other = x.clone();
  other[0][0][0][0] += 5;
  EXPECT_GT((net(other, t, condition) - y)[0][0][15][15].abs().item<float>(), 0);
  // Examples do not mix.
  const auto both = net(torch::cat({x, other}), torch::tensor({5, 5}), condition.expand({2, 3}));
  EXPECT_TRUE(torch::allclose(both.narrow(0, 0, 1), y, 1e-4, 1e-5));
}

TEST(Unet, RefusesWhatDoesNotFit) {
  auto config = small();
  config.attention = {5};
  EXPECT_NE(first_problem(config, {1, 16, 16})
                .find("attention: expected heights that the images "
                      "pass through (16, 8, 4), got 5"),
            std::string::npos);
  config = small();
  config.heads = 3;
  EXPECT_NE(first_problem(config, {1, 16, 16}).find("heads: expected a divisor of the 16 channels"),
            std::string::npos);
  config = small();
  config.multipliers = {1, 1, 1, 1};
  EXPECT_NE(first_problem(config, {1, 4, 2}).find("multipliers: expected at most 2"),
            std::string::npos);
  config.multipliers = {};
  EXPECT_NE(first_problem(config, {1, 4, 2}).find("expected at least one"), std::string::npos);
}

TEST(Unet, TellsStepsApartByWaves) {
  const auto wave = sinusoids(torch::tensor({0, 1, 1000}), 7);
  EXPECT_EQ(wave.sizes(), (std::vector<int64_t>{3, 7}));
  EXPECT_NEAR(wave[1][0].item<double>(), std::sin(1.0), 1e-6);
  EXPECT_NEAR(wave[2][2].item<double>(), std::sin(1000 * 1e-4), 1e-6);
  EXPECT_NEAR(wave[1][3].item<double>(), std::cos(1.0), 1e-6);
  EXPECT_EQ(wave[0][0].item<double>(), 0);
}

TEST(TimedMlp, HearsTheStepAndTheCondition) {
  TimedMlp net(2, 3, 16, 2, 4);
  const auto x = torch::randn({5, 2}), condition = torch::randn({5, 4});
  const auto t = torch::full({5}, 3, torch::kLong);
  EXPECT_EQ(net(x, t, condition).abs().max().item<float>(), 0);
  disturb(*net);
  const auto y = net(x, t, condition);
  EXPECT_EQ(y.sizes(), (std::vector<int64_t>{5, 3}));
  EXPECT_FALSE(torch::allclose(y, net(x, t + 400, condition)));
  EXPECT_FALSE(torch::allclose(y, net(x, t, -condition)));
}

}  // namespace
}  // namespace figment
