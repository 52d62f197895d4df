#include "figment/nn/patches.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

struct Size {
  int64_t n, in, out, height, width;
};

const std::vector<Size> kSizes = {
    {1, 1, 1, 1, 1}, {2, 3, 5, 4, 7}, {3, 2, 1, 1, 5}, {2, 4, 6, 7, 7}};

TEST(Patches, TimesAWeightAreAConvolution) {
  torch::manual_seed(2);
  for (const auto& s : kSizes) {
    const auto x = torch::randn({s.n, s.in, s.height, s.width}, torch::kDouble).requires_grad_();
    const auto weight = torch::randn({s.out, s.in, 3, 3}, torch::kDouble);
    const auto expected = torch::conv2d(x, weight, {}, 1, 1);
    const auto got = patches(x)
                         .mm(weight.flatten(1).t())
                         .view({s.n, s.height, s.width, s.out})
                         .permute({0, 3, 1, 2});
    EXPECT_TRUE(torch::allclose(got, expected));
    const auto of_y = torch::randn_like(expected);
    const auto a = torch::autograd::grad({(got * of_y).sum()}, {x})[0];
    const auto b = torch::autograd::grad({(expected * of_y).sum()}, {x})[0];
    EXPECT_TRUE(torch::allclose(a, b));
  }
}

TEST(Patches, SpreadByAWeightAreAConvolution) {
  torch::manual_seed(3);
  for (const auto& s : kSizes) {
    const auto x = torch::randn({s.n, s.in, s.height, s.width}, torch::kDouble).requires_grad_();
    const auto weight = torch::randn({s.out, s.in, 3, 3}, torch::kDouble).requires_grad_();
    const auto expected = torch::conv2d(x, weight, {}, 1, 1);
    const auto rows = x.permute({0, 2, 3, 1}).reshape({-1, s.in});
    const auto got =
        from_patches(rows.mm(spreading_weight(weight).t()), s.n, s.out, s.height, s.width);
    EXPECT_TRUE(torch::allclose(got, expected));
    const auto of_y = torch::randn_like(expected);
    const auto a = torch::autograd::grad({(got * of_y).sum()}, {x, weight});
    const auto b = torch::autograd::grad({(expected * of_y).sum()}, {x, weight});
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::allclose(a[i], b[i])) << i;
  }
}

}  // namespace
}  // namespace figment
