#include "figment/nn/batch_norm.h"

#include <gtest/gtest.h>

#include <vector>

#include "figment/core/fast_paths.h"
#include "figment/nn/normalization.h"

namespace figment {
namespace {

using torch::Tensor;

const std::vector<std::optional<Activation>> kActivations = {
    std::nullopt,      Activation::kRelu,    Activation::kLeakyRelu, Activation::kTanh,
    Activation::kSilu, Activation::kSigmoid, Activation::kElu};

Normalizer layer_of(int64_t channels, torch::ScalarType type) {
  Normalizer layer(Normalization::kBatch, channels);
  layer->to(type);
  const torch::NoGradGuard no_grad;
  for (auto& p : layer->parameters()) p.copy_(torch::randn({channels}, type) + 1);
  return layer;
}

struct Result {
  std::vector<Tensor> values;  // y, gradients, running averages
};

Result computed(const Tensor& x, int64_t channels, std::optional<Activation> activation) {
  torch::manual_seed(11);
  auto layer = layer_of(channels, x.scalar_type());
  const auto leaf = x.detach().clone().requires_grad_();
  const auto y = layer->activated(leaf, activation);
  const auto of_y = torch::randn(y.sizes(), y.options());
  auto inputs = layer->parameters();
  inputs.push_back(leaf);
  Result out{torch::autograd::grad({(y * of_y).sum()}, inputs)};
  out.values.push_back(y.detach());
  for (const auto& average : layer->buffers()) out.values.push_back(average);
  return out;
}

struct Case {
  int64_t n, channels, height, width;
};

class BatchNormOf : public ::testing::TestWithParam<Case> {};

// Values, gradients and running averages are those of LibTorch's operators, in float64 to rounding.
TEST_P(BatchNormOf, IsThatOfLibTorch) {
  const auto& c = GetParam();
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    const bool exact = type == torch::kDouble;
    torch::manual_seed(3);
    const auto x = 3 * torch::randn({c.n, c.channels, c.height, c.width}, type) + 1;
    for (const auto& activation : kActivations) {
      const auto fast = computed(x, c.channels, activation);
      const FastPathsScope off(false);
      const auto plain = computed(x, c.channels, activation);
      ASSERT_EQ(fast.values.size(), plain.values.size());
      for (std::size_t i = 0; i < fast.values.size(); ++i)
        EXPECT_TRUE(torch::allclose(fast.values[i], plain.values[i], exact ? 1e-8 : 1e-3,
                                    exact ? 1e-8 : 2e-3))
            << i << (activation ? static_cast<int>(*activation) : -1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, BatchNormOf,
                         ::testing::Values(Case{2, 3, 7, 7}, Case{37, 20, 4, 4}, Case{1, 5, 3, 3},
                                           Case{3, 2, 17, 16}, Case{5, 4, 1, 8}, Case{4, 6, 2, 2}));

TEST(BatchNorm, TakesMapsPlaneByPlane) {
  const auto x = torch::randn({2, 3, 4, 4});
  EXPECT_TRUE(batch_norm_takes(x, Activation::kRelu));
  EXPECT_TRUE(batch_norm_takes(x, std::nullopt));
  EXPECT_FALSE(batch_norm_takes(x, Activation::kGelu));
  EXPECT_FALSE(batch_norm_takes(x.contiguous(torch::MemoryFormat::ChannelsLast), std::nullopt));
  EXPECT_FALSE(batch_norm_takes(torch::randn({2, 3}), std::nullopt));
  const FastPathsScope off(false);
  EXPECT_FALSE(batch_norm_takes(x, Activation::kRelu));
}

// As a gradient penalty does.
TEST(BatchNorm, IsDifferentiatedTwice) {
  for (const auto& activation : kActivations) {
    const auto twice = [&] {
      torch::manual_seed(5);
      auto layer = layer_of(4, torch::kDouble);
      const auto x = torch::randn({3, 4, 3, 3}, torch::kDouble).requires_grad_();
      const auto y = layer->activated(x * x, activation);
      const auto weight = torch::randn(y.sizes(), torch::kDouble);
      const auto of_x = torch::autograd::grad({(y * weight).sum()}, {x}, {}, true, true)[0];
      auto inputs = layer->parameters();
      inputs.push_back(x);
      // The shift moves the kinks of a relu only: it has no second derivative there.
      return torch::autograd::grad({of_x.square().sum()}, inputs, {}, false, false, true);
    };
    const auto fast = twice();
    const FastPathsScope off(false);
    const auto plain = twice();
    for (std::size_t i = 0; i < fast.size(); ++i) {
      const auto a = fast[i].defined() ? fast[i] : torch::zeros_like(fast[0]);
      const auto b = plain[i].defined() ? plain[i] : torch::zeros_like(a);
      EXPECT_TRUE(torch::allclose(a, b, 1e-8, 1e-8)) << i;
    }
  }
}

// Channels are summed in one order.
TEST(BatchNorm, DoesNotDependOnThreads) {
  const auto threads = torch::get_num_threads();
  const auto x = torch::randn({20, 9, 6, 6});
  torch::set_num_threads(1);
  const auto one = computed(x, 9, Activation::kRelu);
  torch::set_num_threads(3);
  const auto three = computed(x, 9, Activation::kRelu);
  torch::set_num_threads(threads);
  for (std::size_t i = 0; i < one.values.size(); ++i)
    EXPECT_TRUE(torch::equal(one.values[i], three.values[i])) << i;
}

// The squares of values far from zero do not cancel.
TEST(BatchNorm, HoldsFarFromZero) {
  torch::manual_seed(6);
  const auto noise = torch::randn({8, 3, 9, 9});
  const auto ones = torch::ones({3}), zeros = torch::zeros({3});
  const auto near = batch_norm(noise, ones, zeros, 1e-5, std::nullopt);
  const auto far = batch_norm(noise + 1000, ones, zeros, 1e-5, std::nullopt);
  EXPECT_TRUE(torch::allclose(near.y, far.y, 1e-2, 1e-2));
  EXPECT_TRUE(torch::allclose(near.variance, far.variance, 1e-3, 1e-3));
}

// What is no number stays visible.
TEST(BatchNorm, PassesOnWhatIsNoNumber) {
  auto x = torch::randn({2, 2, 3, 3});
  x[0][1][1][1] = std::nan("");
  for (const auto& activation : kActivations) {
    if (!batch_norm_takes(x, activation)) continue;
    const auto y = batch_norm(x, torch::ones({2}), torch::zeros({2}), 1e-5, activation).y;
    EXPECT_TRUE(y.select(1, 1).isnan().all().item<bool>());
    EXPECT_FALSE(y.select(1, 0).isnan().any().item<bool>());
  }
}

}  // namespace
}  // namespace figment
