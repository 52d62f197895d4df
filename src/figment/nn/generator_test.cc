#include "figment/nn/generator.h"

#include <gtest/gtest.h>

#include <string>

namespace figment {
namespace {

using Shape = std::vector<int64_t>;

GeneratorConfig maps(std::vector<int64_t> channels, Upsampling upsampling) {
  GeneratorConfig config;
  config.network = Network::kConv;
  config.channels = std::move(channels);
  config.hidden = {};
  config.upsampling = upsampling;
  config.normalization = Normalization::kBatch;
  return config;
}

TEST(Generator, MakesImagesOfAnySide) {
  for (const auto upsampling : {Upsampling::kTransposed, Upsampling::kNearest})
    for (const int64_t channels : {1, 3})
      for (const int64_t side : {28, 32, 64, 128, 30}) {
        const Shape shape = {channels, side, side};
        Generator generator(10, maps({4, 6}, upsampling), shape);
        const auto x = generator(torch::randn({3, 10}));
        EXPECT_EQ(x.sizes(), at::IntArrayRef({3, channels, side, side}));
        for (const auto& gradient :
             torch::autograd::grad({x.square().sum()}, generator->parameters()))
          EXPECT_GT(gradient.abs().max().item<double>(), 0);
      }
}

TEST(Generator, BeginsASideOf28At7) {
  Generator generator(10, maps({8, 16}, Upsampling::kTransposed), Shape{1, 28, 28});
  EXPECT_EQ(generator->named_parameters()["trunk.weight"].size(0), 16 * 7 * 7);
}

TEST(Generator, MakesVectors) {
  GeneratorConfig config;
  config.hidden = {9, 8};
  Generator generator(4, config, Shape{5});
  EXPECT_EQ(generator(torch::randn({3, 4})).sizes(), at::IntArrayRef({3, 5}));
  // From the code onwards.
  EXPECT_EQ(generator->named_parameters()["hidden1.weight"].sizes(), at::IntArrayRef({9, 4}));
  EXPECT_EQ(generator->named_parameters()["hidden2.weight"].sizes(), at::IntArrayRef({8, 9}));
}

// Where nearest neighbours enlarge, a convolution that copies leaves blocks of four equal pixels.
TEST(Generator, EnlargesByNearestNeighbours) {
  auto config = maps({1}, Upsampling::kNearest);
  config.normalization = Normalization::kNone;
  Generator generator(3, config, Shape{1, 4, 4});
  auto parameters = generator->named_parameters();
  const torch::NoGradGuard no_grad;
  parameters["output.weight"].zero_();
  parameters["output.weight"][0][0][1][1] = 1;
  const auto x = generator(torch::randn({2, 3}));
  const auto corner = x.slice(2, 0, 4, 2).slice(3, 0, 4, 2);  // [2, 1, 2, 2]
  EXPECT_TRUE(torch::equal(x, corner.repeat_interleave(2, 2).repeat_interleave(2, 3)));
}

TEST(Generator, SaysWhichShapesItCannotMake) {
  const auto problem = [](const GeneratorConfig& config, const std::vector<int64_t>& shape) {
    Problems problems;
    check_generator(config, shape, Problems::Scope{problems, "generator", nullptr});
    return problems.empty() ? std::string() : problems.lines().front();
  };
  const auto config = maps({4, 4, 4}, Upsampling::kNearest);
  EXPECT_NE(problem(config, {8}).find("generator.network: expected examples [channels"),
            std::string::npos);
  EXPECT_NE(problem(config, {1, 4, 4}).find("generator.channels: expected at most 2"),
            std::string::npos);
  EXPECT_EQ(problem(config, {1, 8, 8}), "");
}

}  // namespace
}  // namespace figment
