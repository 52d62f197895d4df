#include "figment/kernels/gather.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <vector>

namespace figment {
namespace {

TEST(Gather, CopiesAndScalesRows) {
  std::mt19937 random(1);
  for (const std::int64_t row : {0, 1, 3, 16, 17, 64, 65, 784}) {
    const std::int64_t rows = 50, count = 37;
    std::vector<std::uint8_t> source(static_cast<std::size_t>(rows * row));
    for (auto& value : source) value = static_cast<std::uint8_t>(random());
    const std::vector<float> source_f32(source.begin(), source.end());
    std::vector<std::int64_t> index(static_cast<std::size_t>(count));
    for (auto& i : index) i = static_cast<std::int64_t>(random() % rows);
    index[1] = index[0];  // rows may repeat

    // One more than needed, to see that nothing is written beyond the end.
    std::vector<float> scaled(static_cast<std::size_t>(count * row + 1), -7), copied = scaled;
    gather_u8(source.data(), index.data(), count, row, 2 / 255.0F, -1, scaled.data());
    gather_f32(source_f32.data(), index.data(), count, row, copied.data());
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < row; ++j) {
        const auto from = static_cast<std::size_t>(index[static_cast<std::size_t>(i)] * row + j);
        const auto to = static_cast<std::size_t>(i * row + j);
        ASSERT_NEAR(scaled[to], source[from] * 2 / 255.0 - 1, 2e-7);
        ASSERT_EQ(copied[to], source_f32[from]);
      }
    }
    EXPECT_EQ(scaled.back(), -7);
    EXPECT_EQ(copied.back(), -7);
  }
}

}  // namespace
}  // namespace figment
