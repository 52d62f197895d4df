#include "figment/nn/series.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

torch::Tensor lengths(std::vector<int64_t> values) { return torch::tensor(values, torch::kLong); }

TEST(Series, TurnsTheRealPartOnly) {
  const auto x = torch::tensor({{1., 2., 3., 4.}, {5., 6., 0., 0.}, {7., 0., 0., 0.}}).unsqueeze(2);
  const auto turned = reversed_steps(x, lengths({4, 2, 1}));
  const auto expected = torch::tensor({{4., 3., 2., 1.}, {6., 5., 0., 0.}, {7., 0., 0., 0.}});
  EXPECT_TRUE(turned.squeeze(2).equal(expected)) << turned.squeeze(2);
  EXPECT_TRUE(reversed_steps(turned, lengths({4, 2, 1})).equal(x));
  EXPECT_TRUE(reversed_steps(x, {}).equal(x.flip(1)));
}

TEST(Series, FindsTheLastRealStep) {
  const auto x = torch::arange(24.).view({4, 3, 2});  // [T, n, D]
  const auto last = last_step(x, lengths({4, 1, 2}));
  EXPECT_TRUE(last.equal(torch::stack({x[3][0], x[0][1], x[1][2]})));
  EXPECT_TRUE(last_step(x, {}).equal(x[3]));
}

TEST(Series, KnowsRealStepsFromPadding) {
  const auto options = torch::TensorOptions(torch::kDouble);
  const auto real = real_steps(lengths({3, 1}), 2, 3, options);
  EXPECT_EQ(real.scalar_type(), torch::kDouble);
  EXPECT_TRUE(real.squeeze(2).equal(torch::tensor({{1., 1., 1.}, {1., 0., 0.}}, options)));
  EXPECT_TRUE(real_steps({}, 2, 3, options).equal(torch::ones({2, 3, 1}, options)));
}

}  // namespace
}  // namespace figment
