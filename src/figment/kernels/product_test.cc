#include "figment/kernels/product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace figment {
namespace {

constexpr float kNone = 77;  // beside the rows of the result, not to be touched

struct Case {
  std::int64_t rows, columns, inner;
  bool left_turned, right_turned, add;
};

class MultiplyOf : public ::testing::TestWithParam<Case> {};

// Against sums in double, with gaps between the rows of all three.
TEST_P(MultiplyOf, IsTheSumOfProducts) {
  if (!multiplies()) GTEST_SKIP() << "built without oneDNN";
  const auto& c = GetParam();
  const auto value = [](std::int64_t i) { return static_cast<float>(std::sin(0.7 * double(i))); };
  const auto factor = [&](std::int64_t rows, std::int64_t columns, bool turned,
                          std::vector<float>& room) {
    const auto stride = (turned ? rows : columns) + 3;
    room.resize(static_cast<std::size_t>(stride * (turned ? columns : rows)));
    for (std::size_t i = 0; i < room.size(); ++i) room[i] = value(static_cast<std::int64_t>(i));
    return Factor{room.data(), stride, turned};
  };
  const auto at = [](const Factor& f, std::int64_t r, std::int64_t k) {
    return double(f.data[f.turned ? k * f.stride + r : r * f.stride + k]);
  };
  std::vector<float> left_room, right_room;
  const auto left = factor(c.rows, c.inner, c.left_turned, left_room);
  const auto right = factor(c.inner, c.columns, c.right_turned, right_room);
  const auto stride = c.columns + 2;
  // What is replaced may be no number at all.
  std::vector<float> out(static_cast<std::size_t>(stride * c.rows), kNone);
  for (std::int64_t r = 0; r < c.rows; ++r)
    for (std::int64_t k = 0; k < c.columns; ++k)
      out[static_cast<std::size_t>(r * stride + k)] = c.add ? 2 : std::nanf("");
  multiply(c.rows, c.columns, c.inner, left, right, out.data(), stride, c.add);
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t k = 0; k < c.columns; ++k) {
      double sum = c.add ? 2 : 0;
      for (std::int64_t i = 0; i < c.inner; ++i) sum += at(left, r, i) * at(right, i, k);
      EXPECT_NEAR(out[static_cast<std::size_t>(r * stride + k)], sum, 1e-4) << r << " " << k;
    }
    for (std::int64_t k = c.columns; k < stride; ++k)
      EXPECT_EQ(out[static_cast<std::size_t>(r * stride + k)], kNone);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, MultiplyOf,
    ::testing::Values(Case{1, 1, 1, false, false, false}, Case{1, 33, 70, false, true, false},
                      Case{67, 1, 5, true, false, true}, Case{130, 41, 97, false, true, false},
                      Case{130, 41, 97, true, false, true}, Case{50, 131, 260, false, false, true},
                      Case{50, 131, 260, true, true, false}));

}  // namespace
}  // namespace figment
