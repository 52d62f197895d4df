#include "figment/nn/precision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "figment/core/fast_paths.h"
#include "figment/nn/bernoulli.h"
#include "figment/nn/conv_transpose.h"
#include "figment/nn/convolution.h"
#include "figment/nn/group_norm.h"
#include "figment/nn/linear.h"
#include "figment/nn/lstm.h"
#include "figment/nn/normalization.h"
#include "figment/nn/patches.h"
#include "figment/nn/posterior.h"
#include "figment/nn/row_network.h"

namespace figment {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;
using Computation = std::function<Tensor(const Tensors&)>;

constexpr auto kCpu = torch::kCPU;

TEST(PrecisionScope, LowersProductsWhileItLives) {
  const auto a = torch::ones({4, 4}), b = torch::ones({4, 4});
  {
    const PrecisionScope lower(Precision::kBfloat16, kCpu);
    EXPECT_TRUE(lowers_precision(kCpu));
    EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kBFloat16);
    EXPECT_EQ((a + b).scalar_type(), torch::kFloat);
    {
      const PrecisionScope full(Precision::kFloat32, kCpu);
      EXPECT_FALSE(lowers_precision(kCpu));
      EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kFloat);
    }
    EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kBFloat16);
  }
  EXPECT_FALSE(lowers_precision(kCpu));
  EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kFloat);
}

// What autocast would remember of a weight is old after an update in the midst of a step, as of a
// discriminator before the generator asks it.
TEST(PrecisionScope, SeesAWeightThatWasUpdatedWithinIt) {
  const auto x = torch::ones({1, 1}), weight = torch::ones({1, 1}).requires_grad_();
  const PrecisionScope lower(Precision::kBfloat16, kCpu);
  const auto before = torch::mm(x, weight);
  EXPECT_EQ(before.item<float>(), 1);
  weight.detach().fill_(2);
  EXPECT_EQ(torch::mm(x, weight).item<float>(), 2);
}

TEST(PrecisionScope, KeepsTheGradientOfAWeightFirstAskedForWithout) {
  const auto x = torch::ones({1, 1}), weight = torch::ones({1, 1}).requires_grad_();
  const PrecisionScope lower(Precision::kBfloat16, kCpu);
  {
    const torch::NoGradGuard no_grad;
    torch::mm(x, weight);
  }
  EXPECT_TRUE(torch::mm(x, weight).requires_grad());
}

TEST(InFull, ChangesWhatHasFewerDigitsAlone) {
  const auto few = torch::ones({2}, torch::kBFloat16), many = torch::ones({2}, torch::kDouble);
  EXPECT_EQ(in_full(few).scalar_type(), torch::kFloat);
  EXPECT_EQ(in_full(many).scalar_type(), torch::kDouble);
}

// y, in float, and the gradients of y . of_y.
Tensors computed(const Computation& f, const Tensors& given, const Tensor& of_y,
                 Precision precision) {
  Tensors inputs;
  inputs.reserve(given.size());
  for (const auto& x : given) inputs.push_back(x.detach().clone().requires_grad_());
  Tensor loss, y;
  {
    const PrecisionScope scope(precision, kCpu);
    y = f(inputs);
    loss = (y * of_y).sum();
  }
  auto out = torch::autograd::grad({loss}, inputs);
  for (const auto& gradient : out) EXPECT_EQ(gradient.scalar_type(), torch::kFloat);
  out.push_back(in_full(y.detach()));
  return out;
}

// Values and gradients within the 8 digits there are, of the fast way and of LibTorch's.
void expect_nearly_the_same(const char* name, const Computation& f, const Tensors& inputs) {
  const auto of_y = torch::randn(f(inputs).sizes());
  const auto exact = computed(f, inputs, of_y, Precision::kFloat32);
  for (const bool fast : {true, false}) {
    const FastPathsScope paths(fast);
    const auto lowered = computed(f, inputs, of_y, Precision::kBfloat16);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const auto error = (lowered[i] - exact[i]).norm().item<double>();
      EXPECT_LT(error, 0.03 * exact[i].norm().item<double>() + 1e-6)
          << name << ", part " << i << (fast ? "" : ", without fast paths");
    }
  }
}

// Each after a product, whose result comes in bfloat16.
TEST(Lowered, OperatorsOfOurOwnComputeNearlyTheSame) {
  torch::manual_seed(1);
  const auto x = torch::randn({24, 16}), weight = torch::randn({32, 16}) / 4;
  const auto bias = torch::randn({32});
  expect_nearly_the_same(
      "linear",
      [](const Tensors& in) { return activated_linear(in[0], in[1], in[2], Activation::kTanh); },
      {x, weight, bias});
  const auto pixels = torch::rand({24, 32});
  expect_nearly_the_same(
      "bernoulli_log_prob",
      [&](const Tensors& in) { return bernoulli_log_prob(torch::linear(in[0], in[1]), pixels); },
      {x, weight});
  const auto epsilon = torch::randn({1, 24, 16});
  expect_nearly_the_same("posterior_draw",
                         [&](const Tensors& in) {
                           return posterior_draw(torch::linear(in[0], in[1]), epsilon).z.sin();
                         },
                         {x, weight});
  expect_nearly_the_same(
      "row_network",
      [](const Tensors& in) { return row_network(torch::linear(in[0], in[1]), {in[2]}, {in[3]}); },
      {x, weight, torch::randn({8, 32}) / 6, torch::randn({8})});
  expect_nearly_the_same(
      "lstm_sequence",
      [](const Tensors& in) {
        const auto sums = torch::linear(in[0], in[1]).view({3, 8, 32});
        EXPECT_TRUE(!fast_paths() || lstm_sequence_takes(sums));
        return lstm_sequence(sums, in[2], torch::zeros({8, 8}), torch::zeros({8, 8})).output;
      },
      {x, weight, torch::randn({32, 8}) / 3});
}

TEST(Lowered, OperatorsOnImagesComputeNearlyTheSame) {
  torch::manual_seed(2);
  const auto x = torch::randn({6, 16, 5, 7}), weight = torch::randn({32, 16, 3, 3}) / 12;
  const auto convolved = [](const Tensors& in) {
    return conv2d(in[0], in[1], {}, ConvolutionGeometry{/*stride=*/1, /*padding=*/1});
  };
  expect_nearly_the_same("conv2d", convolved, {x, weight});
  const torch::nn::GroupNorm norm(torch::nn::GroupNormOptions(4, 32));
  expect_nearly_the_same("group_norm",
                         [&](const Tensors& in) { return group_norm(convolved(in), norm, true); },
                         {x, weight});
  for (const auto kind : {Normalization::kBatch, Normalization::kLayer}) {
    Normalizer normalizer(kind, 32);
    expect_nearly_the_same(
        "normalizer", [&](const Tensors& in) { return normalizer(convolved(in)); }, {x, weight});
  }
  expect_nearly_the_same("conv_transpose2d",
                         [&](const Tensors& in) {
                           return conv_transpose2d(convolved(in), in[2], in[3], 2, 1, {0, 0});
                         },
                         {x, weight, torch::randn({32, 16, 4, 4}) / 20, torch::randn({16})});
  expect_nearly_the_same("patches", [&](const Tensors& in) { return patches(convolved(in)); },
                         {x, weight});
}

}  // namespace
}  // namespace figment
