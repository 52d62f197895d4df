#include "figment/nn/coders.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "figment/core/toml.h"
#include "support/gradients.h"

namespace figment {
namespace {

using Shape = std::vector<std::int64_t>;

std::vector<std::string> problems_of(const CoderConfig& config, const Shape& shape) {
  Problems problems;
  check_coder(config, shape, {problems, "model.coder", nullptr});
  return problems.lines();
}

Shape with_batch(std::int64_t n, Shape shape) {
  shape.insert(shape.begin(), n);
  return shape;
}

CoderConfig small(Network network) {
  CoderConfig config;
  config.network = network;
  config.channels = {3, 5};
  config.hidden = {11, 7};
  return config;
}

TEST(Coders, MirrorEverySize) {
  for (std::int64_t height = 1; height <= 33; ++height) {
    for (const std::int64_t width : {1, 2, 3, 7, 14, 28, 31, 32, 45}) {
      CoderConfig config = small(Network::kConv);
      config.channels.clear();
      for (auto left = std::min(height, width); left >= 2; left /= 2) config.channels.push_back(2);
      if (config.channels.empty()) config.network = Network::kMlp;
      const Shape shape = {1, height, width};
      ASSERT_TRUE(problems_of(config, shape).empty());
      Encoder encoder(shape, config, 4);
      Decoder decoder(4, config, shape, 2);
      const auto x = torch::zeros(with_batch(2, shape));
      const auto code = encoder(x);
      ASSERT_EQ(code.sizes(), (Shape{2, 4}));
      ASSERT_EQ(decoder(code).sizes(), (Shape{2, 2, height, width}));
    }
  }
}

TEST(Coders, TakeAnyShapeNetworkAndNormalization) {
  for (const Shape& shape : {Shape{1}, Shape{30}, Shape{6, 5}, Shape{3, 9, 14}}) {
    for (const auto network : {Network::kMlp, Network::kConv}) {
      if (network == Network::kConv && shape.size() != 3) continue;
      for (const auto& normalization : enum_names(Normalization{})) {
        for (const auto& activation : enum_names(Activation{})) {
          SCOPED_TRACE(std::string(normalization.name) + " " + activation.name);
          CoderConfig config = small(network);
          config.normalization = normalization.value;
          config.activation = activation.value;
          Encoder encoder(shape, config, 6);
          Decoder decoder(3, config, shape);
          for (const std::int64_t n : {1, 4}) {  // training on a batch of one, too
            const auto x = torch::randn(with_batch(n, shape));
            const auto y = decoder(encoder(x).narrow(1, 0, 3));
            ASSERT_EQ(y.sizes(), x.sizes());
            EXPECT_TRUE(torch::isfinite(y).all().item<bool>());
            y.square().sum().backward();
          }
          for (const auto& parameter : encoder->named_parameters())
            EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
          for (const auto& parameter : decoder->named_parameters())
            EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
        }
      }
    }
  }
}

TEST(Coders, AreTheNetworksTheySayTheyAre) {
  CoderConfig config;
  config.hidden = {5, 3};
  config.activation = Activation::kTanh;
  Encoder encoder(Shape{4}, config, 2);
  Decoder decoder(2, config, Shape{4});
  auto e = encoder->named_parameters();
  auto d = decoder->named_parameters();
  EXPECT_EQ(e.size(), 6u);
  EXPECT_EQ(d["hidden1.weight"].sizes(), (Shape{3, 2}));  // the mirror of the encoder's
  EXPECT_EQ(d["hidden2.weight"].sizes(), (Shape{5, 3}));
  EXPECT_EQ(d["output.weight"].sizes(), (Shape{4, 5}));
  const auto x = torch::randn({6, 4});
  auto h = torch::tanh(torch::linear(x, e["hidden1.weight"], e["hidden1.bias"]));
  h = torch::tanh(torch::linear(h, e["hidden2.weight"], e["hidden2.bias"]));
  EXPECT_TRUE(torch::allclose(encoder(x), torch::linear(h, e["output.weight"], e["output.bias"])));

  config = small(Network::kConv);
  config.hidden = {};
  Encoder conv(Shape{1, 28, 28}, config, 2);
  auto c = conv->named_parameters();
  EXPECT_EQ(c["convolution1.weight"].sizes(), (Shape{3, 1, 4, 4}));
  EXPECT_EQ(c["convolution2.weight"].sizes(), (Shape{5, 3, 4, 4}));
  EXPECT_EQ(c["output.weight"].sizes(), (Shape{2, 245}));
  auto deconv = Decoder(2, config, Shape{1, 28, 28})->named_parameters();
  EXPECT_EQ(deconv["trunk.weight"].sizes(), (Shape{245, 2}));
  EXPECT_EQ(deconv["convolution1.weight"].sizes(), (Shape{5, 3, 4, 4}));
  EXPECT_EQ(deconv["output.weight"].sizes(), (Shape{3, 1, 4, 4}));
}

// The values of a deep network start neither vanishing nor exploding.
TEST(Coders, StartWithValuesOfOrderOne) {
  torch::manual_seed(1);
  for (const auto& activation : enum_names(Activation{})) {
    SCOPED_TRACE(activation.name);
    CoderConfig config;
    config.activation = activation.value;
    config.hidden = {300, 300, 300, 300};
    const double of_mlp =
        Encoder(Shape{100}, config, 50)(torch::randn({64, 100})).std().item<double>();
    EXPECT_GT(of_mlp, 0.2);
    EXPECT_LT(of_mlp, 4);
    config.network = Network::kConv;
    config.channels = {16, 32, 64};
    config.hidden = {100};
    const Shape image = {3, 32, 32};
    const double encoded =
        Encoder(image, config, 50)(torch::randn({16, 3, 32, 32})).std().item<double>();
    EXPECT_GT(encoded, 0.2);
    EXPECT_LT(encoded, 4);
    const double decoded = Decoder(50, config, image)(torch::randn({16, 50})).std().item<double>();
    EXPECT_GT(decoded, 0.1);
    EXPECT_LT(decoded, 4);
  }
}

TEST(Coders, GainsKeepTheMeanSquare) {
  const auto z = torch::linspace(-10, 10, 200001, torch::kFloat64);
  const auto density = torch::exp(-0.5 * z.square()) * (1e-4 / std::sqrt(2 * M_PI));
  for (const auto& activation : enum_names(Activation{})) {
    const double square = (density * activate(activation.value, z).square()).sum().item<double>();
    EXPECT_NEAR(gain(activation.value), 1 / std::sqrt(square), 1e-4) << activation.name;
  }
}

TEST(Coders, InitialWeightsHaveTheirDeviation) {
  torch::manual_seed(2);
  const auto weight = torch::empty({400, 500});
  initialize(weight, Activation::kRelu, 500, 400);
  EXPECT_NEAR(weight.std().item<double>(), std::sqrt(2 / 500.0), 1e-3);
  initialize(weight, Activation::kTanh, 500, 400);
  EXPECT_NEAR(weight.std().item<double>(), std::sqrt(2 / 900.0), 1e-3);
  EXPECT_LE(weight.abs().max().item<double>(), std::sqrt(6 / 900.0));
  initialize(weight, Activation::kSigmoid, 500, 400);
  EXPECT_NEAR(weight.std().item<double>(), 4 * std::sqrt(2 / 900.0), 4e-3);
}

TEST(Coders, BatchNormalizationUsesRunningAveragesInEvaluation) {
  CoderConfig config = small(Network::kConv);
  config.normalization = Normalization::kBatch;
  Encoder encoder(Shape{1, 8, 8}, config, 3);
  const auto x = torch::randn({16, 1, 8, 8}) * 3 + 2;
  for (int i = 0; i < 100; ++i) encoder(x);  // until the averages are those of x
  const auto trained = encoder(x);
  encoder->eval();
  EXPECT_TRUE(torch::allclose(encoder(x), trained, 0.1, 0.1));
  EXPECT_TRUE(torch::allclose(encoder(x.narrow(0, 3, 1)), encoder(x).narrow(0, 3, 1), 1e-4, 1e-4));
  EXPECT_EQ(encoder->named_buffers().size(), 8u);
}

TEST(Coders, GradientsAreThoseOfFiniteDifferences) {
  torch::manual_seed(3);
  CoderConfig config = small(Network::kConv);
  config.channels = {2, 2};
  config.hidden = {3};
  config.activation = Activation::kTanh;
  config.normalization = Normalization::kLayer;
  Encoder encoder(Shape{1, 5, 6}, config, 2);
  Decoder decoder(2, config, Shape{1, 5, 6});
  encoder->to(torch::kFloat64);
  decoder->to(torch::kFloat64);
  expect_gradients([&](const std::vector<torch::Tensor>& in) { return decoder(encoder(in[0])); },
                   {torch::randn({2, 1, 5, 6}, torch::kFloat64)});
}

TEST(CheckCoder, RefusesWhatCannotBe) {
  CoderConfig config = small(Network::kConv);
  EXPECT_EQ(problems_of(config, {30}),
            std::vector<std::string>{"model.coder.network: expected examples [channels, height, "
                                     "width] for \"conv\", got [30]; use \"mlp\""});
  EXPECT_EQ(problems_of(config, {140, 1}).size(), 1u);
  EXPECT_EQ(problems_of(config, {1, 28, 3}),
            std::vector<std::string>{
                "model.coder.channels: expected at most 1 entries for examples [1, 28, 3], since "
                "each halves height and width, got 2"});
  EXPECT_TRUE(problems_of(config, {1, 4, 4}).empty());
  config = small(Network::kMlp);
  config.hidden = {65536, 65536};
  EXPECT_EQ(problems_of(config, {3, 1024, 1024}),
            std::vector<std::string>{
                "model.coder.hidden: expected at most 4294967296 parameters, got 210453397504 for "
                "examples [3, 1024, 1024]; use fewer or narrower layers"});
}

TEST(CheckCoder, ReadsItsConfiguration) {
  Problems problems;
  const auto config = read_config<CoderConfig>(
      parse_toml("network = 'conv'\nchannels = [8]\nhidden = []\nactivation = 'leaky_relu'\n"
                 "normalization = 'batch'",
                 "a.toml"),
      "model.coder", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(config.activation, Activation::kLeakyRelu);
  EXPECT_EQ(config.normalization, Normalization::kBatch);
  EXPECT_TRUE(config.hidden.empty());
  read_config<CoderConfig>(
      parse_toml("network = 'conv'\nchannels = []\nactivation = 'rleu'", "a.toml"), "model.coder",
      problems);
  const std::vector<std::string> expected = {
      "a.toml:3:14: model.coder.activation: expected one of relu, leaky_relu, elu, silu, gelu, "
      "tanh, "
      "sigmoid, got the text 'rleu'; did you mean 'relu'?",
      "a.toml:2:12: model.coder.channels: expected at least one entry with network = \"conv\", got "
      "none"};
  EXPECT_EQ(problems.lines(), expected);
}

}  // namespace
}  // namespace figment
