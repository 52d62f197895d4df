#include "figment/nn/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "figment/core/fast_paths.h"
#include "support/gradients.h"
#include "support/threads.h"

namespace figment {
namespace {

using torch::Tensor;
using Curves = std::vector<std::optional<Activation>>;

const Curves kCurves = {std::nullopt,      Activation::kRelu,   Activation::kLeakyRelu,
                        Activation::kElu,  Activation::kSilu,   Activation::kGelu,
                        Activation::kTanh, Activation::kSigmoid};

// y and the gradients of x, weight and bias.
std::vector<Tensor> computed(const Tensor& x, const Tensor& weight, const Tensor& bias,
                             const Tensor& of_y, std::optional<Activation> activation) {
  std::vector<Tensor> inputs = {x.detach().clone().requires_grad_(),
                                weight.detach().clone().requires_grad_()};
  if (bias.defined()) inputs.push_back(bias.detach().clone().requires_grad_());
  const auto y =
      activated_linear(inputs[0], inputs[1], bias.defined() ? inputs[2] : Tensor(), activation);
  auto out = torch::autograd::grad({y}, inputs, {of_y});
  out.push_back(y.detach());
  return out;
}

struct Size {
  int64_t rows, in, out;
};

class ActivatedLinearOf : public ::testing::TestWithParam<Size> {};

// With threads that divide the rows, the columns, both unevenly, and nothing.
TEST_P(ActivatedLinearOf, IsWhatLibTorchComputes) {
  const auto size = GetParam();
  for (const auto type : {torch::kDouble, torch::kFloat})
    for (const int threads : {1, 2, 3})
      for (const auto& activation : kCurves)
        for (const bool biased : {true, false}) {
          const Threads scope(threads);
          torch::manual_seed(1);
          const auto x = torch::randn({size.rows, size.in}, type);
          const auto weight = torch::randn({size.out, size.in}, type) / std::sqrt(size.in);
          const auto bias = biased ? torch::randn({size.out}, type) : Tensor();
          const auto of_y = torch::randn({size.rows, size.out}, type);
          const auto fast = computed(x, weight, bias, of_y, activation);
          const FastPathsScope off(false);
          const auto plain = computed(x, weight, bias, of_y, activation);
          ASSERT_EQ(fast.size(), plain.size());
          const double tolerance = type == torch::kDouble ? 1e-10 : 2e-4;
          for (std::size_t i = 0; i < fast.size(); ++i)
            EXPECT_TRUE(torch::allclose(fast[i], plain[i], tolerance, tolerance))
                << i << ", threads " << threads << ", "
                << (activation ? static_cast<int>(*activation) : -1);
        }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ActivatedLinearOf,
                         ::testing::Values(Size{1, 3, 1}, Size{5, 7, 3}, Size{130, 97, 71},
                                           Size{700, 33, 50}, Size{40, 65, 301}));

TEST(ActivatedLinear, HasTheGradientsOfFiniteDifferences) {
  for (const auto& activation : kCurves) {
    torch::manual_seed(2);
    expect_gradients(
        [&](const std::vector<Tensor>& in) {
          return activated_linear(in[0], in[1], in[2], activation);
        },
        {torch::randn({4, 3}, torch::kDouble), torch::randn({5, 3}, torch::kDouble),
         torch::randn({5}, torch::kDouble)});
  }
}

// What a gradient penalty needs: the gradient of a gradient's size.
TEST(ActivatedLinear, CanBeDifferentiatedTwice) {
  for (const auto& activation : kCurves) {
    torch::manual_seed(3);
    expect_gradients(
        [&](const std::vector<Tensor>& in) {
          const torch::AutoGradMode on(true);  // finite differences are taken without
          const auto x = in[0].requires_grad() ? in[0] : in[0].detach().requires_grad_();
          const auto h = activated_linear(x, in[1], in[2], activation);
          const auto y = activated_linear(h, in[3], Tensor()).square().sum();
          const auto g = torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true);
          return g[0].square().sum(1);
        },
        {torch::randn({3, 4}, torch::kDouble), torch::randn({5, 4}, torch::kDouble),
         torch::randn({5}, torch::kDouble), torch::randn({2, 5}, torch::kDouble)},
        1e-5);
  }
}

TEST(ActivatedLinear, ComputesOnlyTheGradientsAskedFor) {
  torch::manual_seed(4);
  const auto x = torch::randn({6, 4}), weight = torch::randn({3, 4}).requires_grad_();
  const auto bias = torch::randn({3}).requires_grad_();
  const auto y = activated_linear(x, weight, bias, Activation::kTanh);
  const auto got = torch::autograd::grad({y.sum()}, {bias});
  EXPECT_TRUE(torch::allclose(got[0], (1 - y * y).sum(0)));
  // Weights that are held fixed.
  const auto z = x.clone().requires_grad_();
  const auto fixed = activated_linear(z, weight.detach(), bias.detach(), Activation::kRelu);
  EXPECT_EQ(torch::autograd::grad({fixed.sum()}, {z})[0].sizes(), x.sizes());
  EXPECT_FALSE(activated_linear(x, weight.detach(), bias.detach()).requires_grad());
}

TEST(ActivatedLinear, TakesNoRowsAndViews) {
  torch::manual_seed(5);
  const auto weight = torch::randn({3, 4}), bias = torch::randn({3});
  EXPECT_EQ(activated_linear(torch::empty({0, 4}), weight, bias).sizes(),
            (std::vector<int64_t>{0, 3}));
  const auto wide = torch::randn({4, 10});
  EXPECT_TRUE(torch::allclose(activated_linear(wide.t(), weight, bias),
                              torch::linear(wide.t().contiguous(), weight, bias), 1e-5, 1e-6));
}

TEST(NormalizedLinear, IsItsParts) {
  torch::manual_seed(6);
  const auto x = torch::randn({7, 4}), weight = torch::randn({3, 4}), bias = torch::randn({3});
  for (const auto kind : {Normalization::kNone, Normalization::kLayer, Normalization::kBatch}) {
    Normalizer norm(kind, 3);
    const auto wanted = torch::tanh(norm(torch::linear(x, weight, bias)));
    EXPECT_TRUE(torch::allclose(normalized_linear(x, weight, bias, norm, Activation::kTanh), wanted,
                                1e-5, 1e-6));
  }
}

}  // namespace
}  // namespace figment
