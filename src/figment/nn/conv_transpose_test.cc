#include "figment/nn/conv_transpose.h"

#include <gtest/gtest.h>

#include <utility>

namespace figment {
namespace {

using torch::Tensor;

void expect_close(const Tensor& got, const Tensor& expected) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  // Of the largest: cubes and sines of sums spread the rounding of the sums.
  const auto error = (got - expected).abs().max().item<double>();
  EXPECT_LT(error, 1e-3 * (1 + expected.abs().max().item<double>()));
}

// Values, gradients and gradients of gradients are those of LibTorch's own operator.
TEST(ConvTranspose, IsTorchsOperator) {
  torch::manual_seed(1);
  // 16 out and more take the detour, from 16 in and more Winograd's way.
  for (const auto& [in, out] : {std::pair{8, 1}, {8, 16}, {8, 24}, {20, 16}}) {
    for (const int64_t extra : {0, 1}) {
      for (const bool with_bias : {false, true}) {
        const auto x = torch::randn({2, in, 4, 7}).requires_grad_();
        const auto weight = torch::randn({in, out, 4, 4}).mul_(0.1).requires_grad_();
        const auto bias = with_bias ? torch::randn({out}).requires_grad_() : Tensor();
        const std::vector<int64_t> extras = {extra, 1 - extra};
        const auto ours = conv_transpose2d(x, weight, bias, 2, 1, extras);
        const auto theirs = torch::conv_transpose2d(x, weight, bias, 2, 1, extras);
        expect_close(ours, theirs);
        std::vector<Tensor> inputs = {x, weight};
        if (with_bias) inputs.push_back(bias);
        const auto first = torch::autograd::grad({ours.pow(3).sum()}, inputs, {}, true, true);
        const auto expected = torch::autograd::grad({theirs.pow(3).sum()}, inputs, {}, true, true);
        for (std::size_t i = 0; i < inputs.size(); ++i) expect_close(first[i], expected[i]);
        const auto second = torch::autograd::grad({first[0].sin().sum()}, {x, weight});
        const auto expected2 = torch::autograd::grad({expected[0].sin().sum()}, {x, weight});
        expect_close(second[0], expected2[0]);
        expect_close(second[1], expected2[1]);
      }
    }
  }
}

TEST(ConvTranspose, LeavesOutGradientsThatNobodyWants) {
  const auto x = torch::randn({2, 8, 3, 5}), weight = torch::randn({8, 16, 4, 4});
  const auto free = x.clone().requires_grad_();
  conv_transpose2d(free, weight, {}, 2, 1, {0, 0}).sum().backward();
  EXPECT_TRUE(free.grad().defined());
  EXPECT_FALSE(weight.grad().defined());
  EXPECT_FALSE(conv_transpose2d(x, weight, {}, 2, 1, {0, 0}).requires_grad());
}

}  // namespace
}  // namespace figment
