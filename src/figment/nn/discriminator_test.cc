#include "figment/nn/discriminator.h"

#include <gtest/gtest.h>

#include "support/gradients.h"

namespace figment {
namespace {

DiscriminatorConfig config_of(Network network, DiscriminatorNorm norm) {
  DiscriminatorConfig config;
  config.network = network;
  config.channels = {3, 4};
  config.hidden = {5};
  config.normalization = norm;
  return config;
}

constexpr std::array kNorms = {DiscriminatorNorm::kNone, DiscriminatorNorm::kBatch,
                               DiscriminatorNorm::kLayer, DiscriminatorNorm::kSpectral};

double largest_singular_value(const torch::Tensor& weight) {
  return torch::linalg_svdvals(weight.detach().flatten(1))[0].item<double>();
}

TEST(Discriminator, ScoresAndShowsItsHiddenLayers) {
  torch::manual_seed(1);
  for (const auto norm : kNorms) {
    SCOPED_TRACE(name_of_enum(norm));
    const auto config = config_of(Network::kConv, norm);
    EXPECT_EQ(config.layers(), 3);
    Discriminator d(std::vector<int64_t>{2, 9, 9}, config, 2);
    d->eval();
    const auto x = torch::randn({6, 2, 9, 9}), given = torch::randn({6, 2});
    const auto score = d->forward(x, given);
    EXPECT_EQ(score.sizes().vec(), (std::vector<int64_t>{6}));
    const std::vector<std::vector<int64_t>> shapes = {{6, 3, 4, 4}, {6, 4, 2, 2}, {6, 5}};
    for (int64_t layer = 1; layer <= 3; ++layer) {
      const auto judged = d->judge(x, layer, given);
      EXPECT_EQ(judged.features.sizes().vec(), shapes[static_cast<std::size_t>(layer - 1)]);
      EXPECT_TRUE(torch::equal(judged.score, score));
    }
    // What is given counts.
    EXPECT_FALSE(torch::allclose(d->forward(x, given + 1), score));
  }
}

TEST(Discriminator, HasTheGradientsOfItsInputs) {
  torch::manual_seed(2);
  for (const auto network : {Network::kMlp, Network::kConv})
    for (const auto norm : {DiscriminatorNorm::kNone, DiscriminatorNorm::kSpectral}) {
      auto config = config_of(network, norm);
      config.activation = Activation::kSilu;  // smooth, for differences
      Discriminator d(std::vector<int64_t>{1, 4, 4}, config, 1);
      d->to(torch::kDouble);
      d->eval();
      expect_gradients(
          [&](const auto& in) { return d->forward(in[0], in[1]); },
          {torch::randn({2, 1, 4, 4}, torch::kDouble), torch::randn({2, 1}, torch::kDouble)});
    }
}

TEST(Discriminator, WithoutHiddenLayersIsLinear) {
  auto config = config_of(Network::kMlp, DiscriminatorNorm::kNone);
  config.hidden.clear();
  Discriminator d(std::vector<int64_t>{3}, config);
  const auto a = torch::randn({4, 3}), b = torch::randn({4, 3});
  const auto at_zero = d->forward(torch::zeros({4, 3}));
  EXPECT_TRUE(
      torch::allclose(d->forward(a + b) + at_zero, d->forward(a) + d->forward(b), 1e-4, 1e-5));
}

TEST(Discriminator, RefusesWhatDoesNotFit) {
  const auto lines = [](const DiscriminatorConfig& config, const std::vector<int64_t>& shape) {
    Problems problems;
    config.check({problems, "model.discriminator", nullptr});
    if (problems.empty())
      check_discriminator(config, shape, {problems, "model.discriminator", nullptr});
    return problems.lines().empty() ? std::string() : problems.lines()[0];
  };
  const auto conv = config_of(Network::kConv, DiscriminatorNorm::kNone);
  EXPECT_EQ(lines(conv, {1, 8, 8}), "");
  EXPECT_NE(lines(conv, {8}).find("model.discriminator.network: expected examples"),
            std::string::npos);
  EXPECT_NE(lines(conv, {1, 2, 2}).find("model.discriminator.channels: expected at most 1"),
            std::string::npos);
  auto empty = conv;
  empty.channels.clear();
  EXPECT_NE(lines(empty, {1, 8, 8}).find("model.discriminator.channels: expected at least one"),
            std::string::npos);
}

TEST(SpectralNorm, DividesByTheLargestSingularValue) {
  torch::manual_seed(3);
  auto weight = torch::randn({6, 2, 3}, torch::kDouble).requires_grad_();
  SpectralNorm norm(weight);
  for (int i = 0; i < 200; ++i) norm->forward(weight);
  const auto scaled = norm->forward(weight);
  EXPECT_NEAR(largest_singular_value(scaled), 1, 1e-9);
  EXPECT_NEAR(largest_singular_value(weight) * scaled.detach()[0][0][0].item<double>(),
              weight.detach()[0][0][0].item<double>(), 1e-9);
  // Scaling the weight changes nothing, so the gradient has no part along it.
  const auto gradient =
      torch::autograd::grad({(scaled * torch::randn_like(scaled)).sum()}, {weight})[0];
  EXPECT_NEAR((gradient * weight.detach()).sum().item<double>(), 0, 1e-9);
}

TEST(SpectralNorm, FollowsTheWeightInTrainingAlone) {
  torch::manual_seed(4);
  const auto weight = torch::randn({5, 5});
  SpectralNorm norm(weight);
  const auto other = torch::randn({5, 5});
  const auto left = norm->buffers()[0].clone();
  norm->eval();
  norm->forward(other);
  EXPECT_TRUE(torch::equal(norm->buffers()[0], left));
  norm->train();
  for (int i = 0; i < 300; ++i) norm->forward(other);
  EXPECT_FALSE(torch::equal(norm->buffers()[0], left));
  EXPECT_NEAR(largest_singular_value(norm->forward(other)), 1, 1e-4);
}

// A spectral discriminator's score changes no faster than its input: leaky_relu lengthens nothing,
// and each layer is of norm 1 (a convolution by its matrix [out, in * 16], so mlp here).
TEST(Discriminator, SpectralScoresHaveSlopeOneAtMost) {
  torch::manual_seed(5);
  auto config = config_of(Network::kMlp, DiscriminatorNorm::kSpectral);
  config.hidden = {20, 20};
  Discriminator d(std::vector<int64_t>{4}, config);
  for (const auto& parameter : d->parameters()) {
    const torch::NoGradGuard no_grad;
    parameter.mul_(10);
  }
  auto x = 3 * torch::randn({200, 4});
  for (int i = 0; i < 100; ++i) d->forward(x);
  x.requires_grad_();
  const auto slope = torch::autograd::grad({d->forward(x).sum()}, {x})[0].norm(2, 1);
  EXPECT_LE(slope.max().item<double>(), 1.001);
  EXPECT_GT(slope.max().item<double>(), 0.05);
}

}  // namespace
}  // namespace figment
