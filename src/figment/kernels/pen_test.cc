// A pen stroke against its geometry.
#include "figment/kernels/pen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace figment {
namespace {

TEST(Pen, DrawsADiscOfItsArea) {
  std::vector<float> canvas(std::size_t{32} * 40);
  draw_piece({20.3F, 15.6F, 20.3F, 15.6F, 6, 6, 1}, 1, 32, 40, canvas.data());
  double area = 0, x = 0, y = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    for (std::size_t j = 0; j < 40; ++j) {
      const double value = canvas[i * 40 + j];
      area += value, x += value * static_cast<double>(j), y += value * static_cast<double>(i);
    }
  }
  EXPECT_NEAR(area, 3.14159265 * 36, 0.5);
  EXPECT_NEAR(x / area, 20.3, 0.02);
  EXPECT_NEAR(y / area, 15.6, 0.02);
}

TEST(Pen, DrawsACapsuleThatWidens) {
  std::vector<float> canvas(std::size_t{40} * 40);
  draw_piece({10, 20, 30, 20, 2, 4, 1}, 1, 40, 40, canvas.data());
  const auto height = [&](std::size_t column) {
    double sum = 0;
    for (std::size_t i = 0; i < 40; ++i) sum += canvas[i * 40 + column];
    return sum;
  };
  EXPECT_NEAR(height(10), 4, 1e-4);
  EXPECT_NEAR(height(20), 6, 1e-4);
  EXPECT_NEAR(height(30), 8, 1e-4);
  EXPECT_EQ(height(6), 0);
  EXPECT_EQ(height(36), 0);
}

TEST(Pen, KeepsTheDarkerOfTwoStrokes) {
  std::vector<float> canvas(9, 0.5F);
  draw_piece({1, 1, 1, 1, 0.5F, 0.5F, 0.8F}, 1, 3, 3, canvas.data());
  EXPECT_FLOAT_EQ(canvas[4], 0.8F);
  EXPECT_FLOAT_EQ(canvas[0], 0.5F);
}

TEST(Pen, CutsOffWhatLiesOutside) {
  const float far = 1e30F, infinite = std::numeric_limits<float>::infinity();
  std::vector<float> canvas(5 * 5 + 2);  // a guard on either side
  for (const PenPiece& piece : {PenPiece{-far, -far, far, far, 1, 1, 1},
                                {-9, 2, 9, 2, 1, 1, 1},
                                {2, -9, 2, 9, 1, 1, 1},
                                {infinite, 0, 0, 0, 1, 1, 1}})
    draw_piece(piece, 1, 5, 5, canvas.data() + 1);
  EXPECT_EQ(canvas.front(), 0);
  EXPECT_EQ(canvas.back(), 0);
  EXPECT_EQ(canvas[1 + 2 * 5 + 4], 1);
  EXPECT_EQ(canvas[1 + 4 * 5 + 2], 1);
}

// Pixels are drawn in groups, which end where the row does; on a canvas as narrow as one pixel too.
TEST(Pen, DrawsTheSameOnACanvasOfAnyWidth) {
  const PenPiece piece{3.2F, 4.1F, 7.9F, 6.4F, 1.5F, 2.5F, 0.9F};
  constexpr std::size_t kHeight = 12, kWide = 40;
  std::vector<float> wide(kHeight * kWide, 0.1F);
  draw_piece(piece, 1.2F, kHeight, kWide, wide.data());
  for (std::size_t width = 1; width <= 14; ++width) {
    std::vector<float> narrow(kHeight * width + 1, 0.1F);
    narrow.back() = -1;  // a guard
    draw_piece(piece, 1.2F, kHeight, static_cast<std::int64_t>(width), narrow.data());
    for (std::size_t i = 0; i < kHeight; ++i) {
      for (std::size_t j = 0; j < width; ++j)
        EXPECT_FLOAT_EQ(narrow[i * width + j], wide[i * kWide + j])
            << width << ": " << i << ", " << j;
    }
    EXPECT_EQ(narrow.back(), -1);
  }
}

TEST(Pen, RoundsInkToBytes) {
  const float canvas[] = {-1, 0, 0.5F, 0.999F, 1, 2};
  std::uint8_t bytes[6];
  ink_to_bytes(canvas, 6, bytes);
  const int expected[] = {0, 0, 128, 255, 255, 255};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bytes[i], expected[i]);
}

}  // namespace
}  // namespace figment
