#include "figment/nn/winograd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "figment/core/fast_paths.h"
#include "figment/kernels/product.h"
#include "figment/nn/conv_transpose.h"
#include "figment/nn/convolution.h"

namespace figment {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

struct Case {
  int64_t n, in, out, height, width;
  ConvolutionGeometry geometry;
};

int64_t kernel_of(const Case& c) { return c.geometry.stride == 1 ? 3 : 4; }

double distance(const Tensor& got, const Tensor& expected) {
  EXPECT_EQ(got.sizes(), expected.sizes());
  return ((got - expected).abs().max() / expected.abs().max()).item<double>();
}

// f of inputs, its gradients, and the gradients of a function of those: everything that training
// with a penalty on gradients asks for.
template <class F>
Tensors both_derivatives(F&& f, const Tensors& inputs, const Tensor& of_y) {
  Tensors leaves;
  for (const auto& t : inputs) leaves.push_back(t.detach().clone().requires_grad_());
  const auto y = f(leaves);
  Tensors all = {y.detach()};
  const auto first = torch::autograd::grad({(y.pow(3) * of_y).sum()}, leaves, {}, true, true);
  Tensor sum = torch::zeros({}, y.options());
  for (const auto& g : first) {
    all.push_back(g.detach());
    sum = sum + g.sin().sum();
  }
  for (const auto& g : torch::autograd::grad({sum}, leaves)) all.push_back(g);
  return all;
}

template <class F, class G>
void expect_same(F&& ours, G&& theirs, const Tensors& inputs, double tolerance) {
  const auto of_y = torch::randn_like(theirs(inputs));
  const auto got = both_derivatives(ours, inputs, of_y);
  const auto expected = both_derivatives(theirs, inputs, of_y);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_LT(distance(got[i], expected[i]), tolerance) << "part " << i;
}

Tensor laid(const Tensor& t, bool side_by_side) {
  return t.contiguous(side_by_side ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

class WinogradOf : public ::testing::TestWithParam<Case> {
 protected:
  Tensor x(torch::ScalarType type) const {
    const auto& c = GetParam();
    return torch::randn({c.n, c.in, c.height, c.width}, type);
  }
  Tensor weight(torch::ScalarType type) const {
    const auto& c = GetParam();
    const auto taps = static_cast<double>(c.in * kernel_of(c) * kernel_of(c));
    return torch::randn({c.out, c.in, kernel_of(c), kernel_of(c)}, type) / std::sqrt(taps);
  }
};

// In float64 all that is left between the two is rounding.
TEST_P(WinogradOf, IsTorchsConvolution) {
  torch::manual_seed(1);
  const auto& c = GetParam();
  for (const bool side_by_side : {false, true})
    expect_same(
        [&](const Tensors& in) {
          return winograd_convolution(laid(in[0], side_by_side), in[1], in[2], c.geometry);
        },
        [&](const Tensors& in) {
          return torch::conv2d(in[0], in[1], in[2], c.geometry.stride, c.geometry.padding);
        },
        {x(torch::kDouble), weight(torch::kDouble), torch::randn({c.out}, torch::kDouble)}, 1e-11);
}

TEST_P(WinogradOf, IsTorchsTransposedConvolution) {
  torch::manual_seed(2);
  const auto& c = GetParam();
  const auto like = x(torch::kDouble);
  const auto y =
      torch::conv2d(like, weight(torch::kDouble), {}, c.geometry.stride, c.geometry.padding);
  const auto extra = [&](int64_t k) {  // what the stride leaves open
    return like.size(k) -
           ((y.size(k) - 1) * c.geometry.stride - 2 * c.geometry.padding + kernel_of(c));
  };
  for (const bool side_by_side : {false, true})
    expect_same(
        [&](const Tensors& in) {
          return winograd_transposed(laid(in[0], side_by_side), in[1], c.height, c.width,
                                     c.geometry);
        },
        [&](const Tensors& in) {
          return torch::conv_transpose2d(in[0], in[1], {}, c.geometry.stride, c.geometry.padding,
                                         {extra(2), extra(3)});
        },
        {torch::randn_like(y), weight(torch::kDouble)}, 1e-11);
}

// In float a few times the rounding of the sums themselves, held against float64.
TEST_P(WinogradOf, RoundsLittleMoreThanTheSumItself) {
  if (!multiplies()) GTEST_SKIP() << "built without oneDNN";
  torch::manual_seed(3);
  const auto& c = GetParam();
  const Tensors inputs = {x(torch::kFloat), weight(torch::kFloat), torch::randn({c.out})};
  const auto like = torch::conv2d(inputs[0], inputs[1], {}, c.geometry.stride, c.geometry.padding);
  const auto of_y = torch::randn_like(like);
  const auto computed = [&](torch::ScalarType type, auto&& f) {
    Tensors leaves;
    for (const auto& t : inputs) leaves.push_back(t.to(type).detach().clone().requires_grad_());
    const auto y = f(leaves);
    auto all = torch::autograd::grad({y}, leaves, {of_y.to(type)});
    all.push_back(y.detach());
    return all;
  };
  const auto expected = computed(torch::kDouble, [&](const Tensors& in) {
    return torch::conv2d(in[0], in[1], in[2], c.geometry.stride, c.geometry.padding);
  });
  const auto got = computed(torch::kFloat, [&](const Tensors& in) {
    return winograd_convolution(in[0], in[1], in[2], c.geometry);
  });
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_LT(distance(got[i].to(torch::kDouble), expected[i]), 1e-5) << "part " << i;
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, WinogradOf,
    ::testing::Values(Case{3, 16, 24, 9, 7, {1, 1}}, Case{2, 17, 19, 12, 16, {1, 1}},
                      Case{5, 1, 3, 5, 4, {1, 0}}, Case{9, 20, 16, 4, 4, {1, 1}},
                      Case{5, 16, 32, 8, 8, {2, 1}}, Case{3, 33, 18, 14, 11, {2, 1}},
                      Case{2, 2, 9, 7, 6, {2, 0}}, Case{1, 8, 8, 2, 3, {2, 1}}));

// Blocks and sums are the same however many threads there are, and so is a resumed training.
TEST(Winograd, DoesNotDependOnThreads) {
  torch::manual_seed(4);
  const Tensors inputs = {torch::randn({37, 16, 8, 12}), torch::randn({24, 16, 3, 3}),
                          torch::randn({24})};
  const auto of_y = torch::randn({37, 24, 8, 12});
  const auto computed = [&] {
    return both_derivatives(
        [](const Tensors& in) {
          return winograd_convolution(in[0], in[1], in[2], {1, 1});
        },
        inputs, of_y);
  };
  const auto threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const auto one = computed();
  torch::set_num_threads(3);
  const auto three = computed();
  torch::set_num_threads(threads);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

TEST(Winograd, KeepsHowMapsLie) {
  const auto x = torch::randn({2, 16, 8, 8}), weight = torch::randn({16, 16, 3, 3});
  for (const bool side_by_side : {false, true}) {
    const auto y = winograd_convolution(laid(x, side_by_side), weight, {}, {1, 1});
    EXPECT_EQ(y.is_contiguous(at::MemoryFormat::ChannelsLast), side_by_side);
    const auto back = winograd_transposed(laid(x, side_by_side), weight, 8, 8, {1, 1});
    EXPECT_EQ(back.is_contiguous(at::MemoryFormat::ChannelsLast), side_by_side);
  }
}

TEST(Winograd, ShowsWhatIsNoNumber) {
  auto x = torch::zeros({1, 16, 8, 8});
  x[0][3][5][5] = std::numeric_limits<float>::quiet_NaN();
  const auto y = winograd_convolution(x, torch::ones({16, 16, 3, 3}), {}, {1, 1});
  EXPECT_TRUE(y[0][0].slice(0, 4, 7).slice(1, 4, 7).isnan().all().item<bool>());
  EXPECT_FALSE(y[0][0].slice(0, 0, 4).isnan().any().item<bool>());  // of another row of tiles
}

TEST(Winograd, IsTakenWhereItPays) {
  const auto takes = [](int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t stride) {
    const auto x = torch::zeros({2, in, side, side});
    return winograd_takes(x, torch::zeros({out, in, kernel, kernel}), x.sizes(), {stride, 1});
  };
  EXPECT_EQ(takes(32, 32, 16, 3, 1), multiplies());
  EXPECT_EQ(takes(32, 32, 16, 4, 2), multiplies());
  EXPECT_FALSE(takes(3, 32, 16, 3, 1));   // of few channels
  EXPECT_FALSE(takes(32, 3, 16, 4, 2));   // to few
  EXPECT_FALSE(takes(32, 32, 16, 5, 1));  // another kernel
  EXPECT_FALSE(takes(32, 32, 16, 3, 2));
  EXPECT_FALSE(takes(32, 32, 16, 4, 1));
  EXPECT_FALSE(takes(32, 32, 5, 3, 1));    // tiles that reach far over the edge
  EXPECT_FALSE(takes(64, 64, 256, 3, 1));  // 256 x 256 pixels of 64 channels: much memory
  EXPECT_FALSE(takes(32, 32, 1, 4, 2));    // no whole kernel: LibTorch says what is wrong
  const FastPathsScope off(false);
  EXPECT_FALSE(takes(32, 32, 16, 3, 1));
}

// They would be read beyond their end.
TEST(Winograd, LeavesWrongSizesToLibTorchToRefuse) {
  const auto weight = torch::randn({20, 16, 4, 4});
  const ConvolutionGeometry geometry = {2, 1};
  EXPECT_ANY_THROW(conv2d(torch::randn({2, 20, 8, 8}), weight, {}, geometry));
  EXPECT_ANY_THROW(conv_transpose2d(torch::randn({2, 16, 4, 4}), weight, {}, 2, 1, {0, 0}));
}

// The layer is LibTorch's with the same parameters, whichever way its sizes go.
TEST(Conv2d, IsLibTorchsLayer) {
  for (const int64_t in : {3, 16}) {
    torch::manual_seed(5);
    Conv2d ours(in, 20, 3, ConvolutionGeometry{1, 1});
    torch::manual_seed(5);
    torch::nn::Conv2d theirs(torch::nn::Conv2dOptions(in, 20, 3).padding(1));
    ASSERT_TRUE(torch::equal(ours->weight, theirs->weight));
    const auto x = torch::randn({2, in, 8, 12});
    EXPECT_LT(distance(ours(x), theirs(x)), 1e-5);
    const auto other = torch::randn_like(ours->weight);
    EXPECT_LT(distance(ours->with_weight(other, x), torch::conv2d(x, other, theirs->bias, 1, 1)),
              1e-5);
  }
  EXPECT_FALSE(Conv2d(4, 4, 1, ConvolutionGeometry{1, 0}, false)->bias.defined());
}

}  // namespace
}  // namespace figment
