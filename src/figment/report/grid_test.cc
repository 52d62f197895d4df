// Where each pixel of a grid comes from.
#include "figment/report/grid.h"

#include <gtest/gtest.h>

#include <limits>

namespace figment {
namespace {

TEST(Grid, PutsEachImageInItsPlace) {
  const auto images =
      (torch::arange(5) * 10).to(torch::kUInt8).view({5, 1, 1, 1}).expand({5, 1, 2, 3});
  GridOptions options;
  options.columns = 3;
  options.gap = 1;
  options.background = 7;
  const auto grid = image_grid(images, options);
  ASSERT_EQ(grid.sizes(), (std::vector<int64_t>{1, 2 * 3 + 1, 3 * 4 + 1}));
  auto expected = torch::full({1, 7, 13}, 7, torch::kUInt8);
  for (int i = 0; i < 5; ++i) {
    expected.narrow(1, 1 + i / 3 * 3, 2).narrow(2, 1 + i % 3 * 4, 3).fill_(10 * i);
  }
  EXPECT_TRUE(torch::equal(grid, expected));
}

TEST(Grid, IsAboutSquareAndEnlargesByWholePixels) {
  const auto images = torch::tensor({0, 1, 2, 3}, torch::kUInt8).view({1, 1, 2, 2});
  GridOptions options;
  options.gap = 0;
  options.scale = 2;
  EXPECT_TRUE(torch::equal(
      image_grid(images, options),
      torch::tensor({{0, 0, 1, 1}, {0, 0, 1, 1}, {2, 2, 3, 3}, {2, 2, 3, 3}}, torch::kUInt8)
          .unsqueeze(0)));
  options.scale = 1;
  EXPECT_EQ(image_grid(images.expand({10, 3, 2, 2}), options).sizes(),
            (std::vector<int64_t>{3, 6, 8}));
}

TEST(Grid, SetsLayersAboveOneAnother) {
  const auto grey = torch::full({3, 1, 1, 1}, 10, torch::kUInt8);
  const auto colour =
      torch::tensor({1, 2, 3}, torch::kUInt8).view({1, 3, 1, 1}).expand({3, 3, 1, 1});
  GridOptions options;
  options.columns = 2;
  options.gap = 1;
  options.background = 0;
  const auto grid = layered_grid({grey, colour}, options);
  // Each group: grey, gap, colour; three gaps between groups.
  const auto column = torch::tensor({0, 10, 0, 2, 0, 0, 0, 10, 0, 2, 0}, torch::kUInt8);
  ASSERT_EQ(grid.sizes(), (std::vector<int64_t>{3, 11, 5}));
  EXPECT_TRUE(torch::equal(grid[1].select(1, 1), column));
  EXPECT_EQ(grid[2][3][1].item<int>(), 3);
  EXPECT_TRUE((grid.select(2, 3).slice(1, 6) == 0).all().item<bool>());  // no fourth image
}

TEST(Grid, RoundsAndCutsFloats) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto infinity = std::numeric_limits<float>::infinity();
  const auto values = torch::tensor({-0.5f, 0.f, 0.5f, 1.f, 2.f, nan, infinity});
  EXPECT_TRUE(
      torch::equal(to_uint8(values), torch::tensor({0, 0, 128, 255, 255, 0, 255}, torch::kUInt8)));
}

}  // namespace
}  // namespace figment
