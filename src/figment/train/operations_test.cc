#include "figment/train/operations.h"

#include <gtest/gtest.h>

#include "figment/core/fast_paths.h"
#include "figment/nn/conv_transpose.h"
#include "figment/nn/convolution.h"
#include "figment/nn/linear.h"
#include "figment/nn/row_network.h"

namespace figment {
namespace {

template <class F>
double counted(F&& work) {
  const OperationCount count;
  work();
  return count.total();
}

TEST(OperationCount, CountsMatrixProducts) {
  const auto a = torch::randn({3, 5}), b = torch::randn({5, 7}), bias = torch::randn({7});
  EXPECT_EQ(counted([&] { a.mm(b); }), 2 * 3 * 5 * 7);
  EXPECT_EQ(counted([&] { torch::addmm(bias, a, b); }), 2 * 3 * 5 * 7);
  EXPECT_EQ(counted([&] { torch::linear(a, b.t(), bias); }), 2 * 3 * 5 * 7);
  EXPECT_EQ(counted([&] {
              torch::randn({4, 3, 5}).bmm(torch::randn({4, 5, 2}));
            }),
            2 * 4 * 3 * 5 * 2);
  EXPECT_EQ(counted([&] { a * 2; }), 0);
}

// Also those that an operator of our own divides among threads, once each.
TEST(OperationCount, CountsLinearLayersAlikeHoweverComputed) {
  const auto x = torch::randn({70, 300}).requires_grad_();
  const auto weight = torch::randn({150, 300}).requires_grad_();
  const double forward = 2.0 * 70 * 300 * 150;
  for (const bool fast : {true, false}) {
    const FastPathsScope scope(fast);
    torch::Tensor y;
    EXPECT_EQ(counted([&] { y = activated_linear(x, weight, {}, Activation::kTanh); }), forward);
    EXPECT_EQ(counted([&] { torch::autograd::grad({y.sum()}, {x, weight}); }), 2 * forward);
    EXPECT_EQ(counted([&] { y = row_network(x, {weight}, {torch::Tensor()}); }), forward);
    EXPECT_EQ(counted([&] { torch::autograd::grad({y.sum()}, {x, weight}); }), 2 * forward);
  }
}

TEST(OperationCount, CountsConvolutionsBothWays) {
  const auto x = torch::randn({2, 3, 9, 8}).requires_grad_();
  const auto weight = torch::randn({4, 3, 3, 3}).requires_grad_();
  const double forward = 2.0 * (2 * 4 * 5 * 4) * (3 * 3 * 3);
  torch::Tensor y;
  EXPECT_EQ(counted([&] { y = torch::conv2d(x, weight, {}, 2, 1); }), forward);
  EXPECT_EQ(counted([&] { torch::autograd::grad({y.sum()}, {x, weight}, {}, true); }), 2 * forward);
  EXPECT_EQ(counted([&] { torch::autograd::grad({y.sum()}, {weight}); }), forward);
}

// However it is computed, a transposed convolution is as much work.
TEST(OperationCount, CountsTransposedConvolutions) {
  const auto x = torch::randn({2, 32, 4, 4}).requires_grad_();
  const auto weight = torch::randn({32, 16, 4, 4}).requires_grad_();
  const double forward = 2.0 * (2 * 32 * 4 * 4) * (16 * 4 * 4);
  torch::Tensor y;
  EXPECT_EQ(counted([&] { y = torch::conv_transpose2d(x, weight, {}, 2, 1); }), forward);
  EXPECT_EQ(counted([&] { torch::autograd::grad({y.sum()}, {x, weight}); }), 2 * forward);
  // As the gradient of a convolution, which is how it may be computed.
  const std::vector<int64_t> two = {2, 2}, one = {1, 1}, none = {0, 0};
  const auto like = torch::empty({2, 16, 8, 8});
  EXPECT_EQ(counted([&] {
              at::convolution_backward(x.detach(), like, weight.detach(), at::OptionalIntArrayRef(),
                                       two, one, one, false, none, 1, {true, false, false});
            }),
            forward);
}

// Also where fewer multiplications do: what counts is the sum that was asked for.
TEST(OperationCount, CountsConvolutionsAlikeHoweverComputed) {
  const auto x = torch::randn({2, 16, 8, 8}).requires_grad_();
  const auto weight = torch::randn({24, 16, 4, 4}).requires_grad_();
  const double forward = 2.0 * (2 * 24 * 4 * 4) * (16 * 4 * 4);
  for (const bool fast : {true, false}) {
    const FastPathsScope scope(fast);
    torch::Tensor y, back;
    EXPECT_EQ(counted([&] { y = conv2d(x, weight, {}, ConvolutionGeometry{2, 1}); }), forward);
    EXPECT_EQ(counted([&] { torch::autograd::grad({y.sum()}, {x, weight}); }), 2 * forward);
    const auto given = y.detach().requires_grad_();
    EXPECT_EQ(counted([&] { back = conv_transpose2d(given, weight, {}, 2, 1, {0, 0}); }), forward);
    EXPECT_EQ(counted([&] { torch::autograd::grad({back.sum()}, {given, weight}); }), 2 * forward);
  }
}

}  // namespace
}  // namespace figment
