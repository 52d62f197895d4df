#include "figment/kernels/turn.h"

#include <gtest/gtest.h>

#include <vector>

namespace figment {
namespace {

template <class T>
void expect_turned(std::int64_t rows, std::int64_t columns) {
  std::vector<T> from(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i);
  std::vector<T> to(from.size() + 1, T{-1});
  turn(from.data(), rows, columns, to.data());
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      EXPECT_EQ(to[static_cast<std::size_t>(column * rows + row)],
                static_cast<T>(row * columns + column));
  EXPECT_EQ(to.back(), T{-1});
}

TEST(Turn, TransposesMatrices) {
  for (const std::int64_t rows : {1, 7, 8, 16, 19})
    for (const std::int64_t columns : {1, 5, 8, 24, 33}) {
      expect_turned<float>(rows, columns);
      expect_turned<double>(rows, columns);
    }
}

}  // namespace
}  // namespace figment
