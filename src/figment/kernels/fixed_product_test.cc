#include "figment/kernels/fixed_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace figment {
namespace {

struct Case {
  std::int64_t rows, columns, inner;
  bool turned;
};

std::vector<float> numbers(std::int64_t count, double step) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<float>(std::sin(step * static_cast<double>(i)));
  return result;
}

class FixedProductOf : public ::testing::TestWithParam<Case> {};

// Against sums in double, with gaps between the rows of the matrix, which is gone at the second.
TEST_P(FixedProductOf, AddsTheSumOfProducts) {
  if (!multiplies()) GTEST_SKIP() << "built without oneDNN";
  const auto& c = GetParam();
  const auto stride = (c.turned ? c.inner : c.columns) + 3;
  auto given = numbers(stride * (c.turned ? c.columns : c.inner), 0.7);
  const auto right = given;
  FixedProduct product(c.rows, c.columns, c.inner, {given.data(), stride, c.turned});
  given.assign(given.size(), std::nanf(""));
  for (const double step : {0.3, 1.1}) {
    const auto left = numbers(c.rows * c.inner, step);
    const auto before = numbers(c.rows * c.columns, 2 * step);
    auto out = before;
    product.add(left.data(), out.data());
    for (std::int64_t r = 0; r < c.rows; ++r) {
      for (std::int64_t k = 0; k < c.columns; ++k) {
        const auto place = static_cast<std::size_t>(r * c.columns + k);
        double sum = before[place];
        for (std::int64_t i = 0; i < c.inner; ++i) {
          const auto at = c.turned ? k * stride + i : i * stride + k;
          sum += double(left[static_cast<std::size_t>(r * c.inner + i)]) *
                 double(right[static_cast<std::size_t>(at)]);
        }
        EXPECT_NEAR(out[place], sum, 1e-4) << r << " " << k;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FixedProductOf,
                         ::testing::Values(Case{1, 1, 1, false}, Case{1, 33, 70, true},
                                           Case{67, 1, 5, false}, Case{3, 28, 7, true},
                                           Case{130, 41, 97, false}, Case{32, 512, 128, true},
                                           Case{32, 128, 512, false}));

TEST(FixedProduct, PassesOnWhatIsNoNumberOrInfinite) {
  if (!multiplies()) GTEST_SKIP() << "built without oneDNN";
  const std::vector<float> right = {1, 2, 3, 4};
  FixedProduct product(2, 2, 2, {right.data(), 2, false});
  const std::vector<float> left = {INFINITY, 1, 1, 1};
  std::vector<float> out = {0, 0, std::nanf(""), 5};
  product.add(left.data(), out.data());
  EXPECT_TRUE(std::isinf(out[0]) && std::isinf(out[1]) && std::isnan(out[2]));
  EXPECT_EQ(out[3], 5 + 2 + 4);
}

TEST(FixedProduct, SaysThatItIsNotThere) {
  if (multiplies()) GTEST_SKIP() << "built with oneDNN";
  const float one = 1;
  EXPECT_THROW(FixedProduct(1, 1, 1, {&one, 1, false}), std::runtime_error);
}

}  // namespace
}  // namespace figment
