#include "figment/nn/group_norm.h"

#include <gtest/gtest.h>

#include "figment/core/fast_paths.h"

namespace figment {
namespace {

torch::nn::GroupNorm layer_of(int64_t groups, int64_t channels, torch::ScalarType type) {
  torch::nn::GroupNorm layer(torch::nn::GroupNormOptions(groups, channels).eps(1e-5));
  const torch::NoGradGuard no_grad;
  layer->to(type);
  layer->weight.copy_(torch::randn({channels}, type));
  layer->bias.copy_(torch::randn({channels}, type));
  return layer;
}

struct Result {
  torch::Tensor y, of_x, of_gamma, of_beta;
};

Result computed(const torch::Tensor& x, const torch::nn::GroupNorm& layer, bool silu,
                const torch::Tensor& of_y) {
  const auto leaf = x.detach().clone().requires_grad_();
  const auto y = group_norm(leaf, layer, silu);
  const auto all = torch::autograd::grad({(y * of_y).sum()}, {leaf, layer->weight, layer->bias});
  return {y.detach(), all[0], all[1], all[2]};
}

struct Case {
  int64_t n, channels, groups, height, width;
};

class GroupNormOf : public ::testing::TestWithParam<Case> {};

// Values and gradients of the one operator are those of LibTorch's, in float64 to rounding.
TEST_P(GroupNormOf, IsThatOfLibTorch) {
  const auto& c = GetParam();
  torch::manual_seed(3);
  for (const bool silu : {false, true}) {
    const auto layer = layer_of(c.groups, c.channels, torch::kDouble);
    const auto x = 3 * torch::randn({c.n, c.channels, c.height, c.width}, torch::kDouble) + 1;
    const auto of_y = torch::randn_like(x);
    const auto fast = computed(x, layer, silu, of_y);
    const FastPathsScope off(false);
    const auto plain = computed(x, layer, silu, of_y);
    EXPECT_TRUE(torch::allclose(fast.y, plain.y, 1e-9, 1e-10));
    EXPECT_TRUE(torch::allclose(fast.of_x, plain.of_x, 1e-7, 1e-8));
    EXPECT_TRUE(torch::allclose(fast.of_gamma, plain.of_gamma, 1e-7, 1e-8));
    EXPECT_TRUE(torch::allclose(fast.of_beta, plain.of_beta, 1e-7, 1e-8));
  }
}

TEST_P(GroupNormOf, IsThatOfLibTorchInFloat) {
  const auto& c = GetParam();
  torch::manual_seed(4);
  const auto layer = layer_of(c.groups, c.channels, torch::kFloat);
  const auto x = torch::randn({c.n, c.channels, c.height, c.width});
  const auto of_y = torch::randn_like(x);
  const auto fast = computed(x, layer, true, of_y);
  const FastPathsScope off(false);
  const auto plain = computed(x, layer, true, of_y);
  EXPECT_TRUE(torch::allclose(fast.y, plain.y, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(fast.of_x, plain.of_x, 1e-3, 1e-4));
  EXPECT_TRUE(torch::allclose(fast.of_gamma, plain.of_gamma, 1e-3, 1e-3));
}

INSTANTIATE_TEST_SUITE_P(Sizes, GroupNormOf,
                         ::testing::Values(Case{2, 32, 8, 7, 7}, Case{3, 6, 2, 5, 9},
                                           Case{1, 7, 1, 1, 2}, Case{4, 64, 8, 14, 14},
                                           Case{2, 3, 3, 11, 13}, Case{1, 40, 8, 32, 32}));

// The squares of values far from zero do not cancel.
TEST(GroupNorm, HoldsFarFromZero) {
  torch::manual_seed(5);
  const auto layer = layer_of(2, 8, torch::kFloat);
  const auto noise = torch::randn({2, 8, 9, 9});
  const auto near = group_norm(noise, layer, false), far = group_norm(noise + 1000, layer, false);
  EXPECT_TRUE(torch::allclose(near, far, 1e-2, 1e-2));
}

TEST(GroupNorm, KeepsChannelsSideBySide) {
  const auto layer = layer_of(2, 8, torch::kFloat);
  const auto y = group_norm(torch::randn({2, 8, 4, 4}), layer, true);
  EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
}

// The sums over examples are taken in one order: the same bits with any number of threads.
TEST(GroupNorm, DoesNotDependOnThreads) {
  torch::manual_seed(6);
  const auto layer = layer_of(8, 32, torch::kFloat);
  const auto x = torch::randn({9, 32, 8, 8}), of_y = torch::randn_like(x);
  const auto threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const auto one = computed(x, layer, true, of_y);
  torch::set_num_threads(3);
  const auto three = computed(x, layer, true, of_y);
  torch::set_num_threads(threads);
  EXPECT_TRUE(torch::equal(one.of_x, three.of_x));
  EXPECT_TRUE(torch::equal(one.of_gamma, three.of_gamma));
}

}  // namespace
}  // namespace figment
