#include "figment/nn/poisson_blend.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

// A square hole in the middle of a side x side image, [1, 1, side, side].
torch::Tensor hole(int64_t side, int64_t from, int64_t to) {
  auto mask = torch::ones({1, 1, side, side});
  mask.slice(2, from, to).slice(3, from, to).zero_();
  return mask;
}

TEST(PoissonBlend, KeepsWhatIsKnown) {
  torch::manual_seed(1);
  const auto image = torch::rand({2, 3, 9, 9}), patch = torch::rand({2, 3, 9, 9});
  const auto mask = hole(9, 3, 7).expand({2, -1, -1, -1});
  const auto out = poisson_blend(image, patch, mask);
  EXPECT_TRUE(torch::allclose(out * mask, image * mask, 0, 1e-6));
}

// A patch that is right but for its brightness is put right, whatever is on it.
TEST(PoissonBlend, TakesOffAConstant) {
  torch::manual_seed(2);
  const auto image = torch::rand({2, 1, 10, 10});
  const auto out = poisson_blend(image, image - 0.3, hole(10, 2, 8).expand({2, -1, -1, -1}));
  EXPECT_TRUE(torch::allclose(out, image, 0, 1e-4));
}

// A plane is harmonic: of a flat patch it is made again.
TEST(PoissonBlend, ContinuesAPlane) {
  const auto ramp = torch::arange(10, torch::kFloat);
  const auto image =
      (0.05 * ramp.view({1, 1, 10, 1}) + 0.02 * ramp.view({1, 1, 1, 10})).contiguous();
  const auto out = poisson_blend(image, torch::zeros_like(image), hole(10, 3, 8));
  EXPECT_TRUE(torch::allclose(out, image, 0, 1e-4));
}

// Written out: each hidden pixel of the correction is the mean of its neighbours.
TEST(PoissonBlend, CorrectsByAHarmonicFunction) {
  torch::manual_seed(3);
  const auto image = torch::rand({1, 1, 8, 8}), patch = torch::rand({1, 1, 8, 8});
  const auto mask = hole(8, 2, 6);
  const auto c = (poisson_blend(image, patch, mask) - patch)[0][0];
  for (int64_t i = 2; i < 6; ++i)
    for (int64_t j = 2; j < 6; ++j)
      EXPECT_NEAR(c[i][j].item<double>(),
                  (c[i - 1][j] + c[i + 1][j] + c[i][j - 1] + c[i][j + 1]).item<double>() / 4, 1e-4);
}

TEST(PoissonBlend, ReachesTheBorderAndLeavesAPatchThatStandsAlone) {
  torch::manual_seed(4);
  const auto image = torch::rand({1, 1, 6, 6});
  auto right = torch::ones({1, 1, 6, 6});
  right.slice(3, 3, 6).zero_();
  EXPECT_TRUE(torch::allclose(poisson_blend(image, image + 0.2, right), image, 0, 1e-4));
  const auto patch = torch::rand({1, 1, 6, 6});
  EXPECT_TRUE(torch::allclose(poisson_blend(image, patch, torch::zeros_like(right)), patch));
}

}  // namespace
}  // namespace figment
