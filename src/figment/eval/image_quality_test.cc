#include "figment/eval/image_quality.h"

#include <gtest/gtest.h>

#include "golden/golden.h"

namespace figment {
namespace {

torch::Tensor pictures(const nlohmann::json& list) {
  return torch::tensor(flat<double>(list), torch::kDouble).reshape({3, 2, 13, 16});
}

TEST(ImageQuality, AgreesWithSciPy) {
  const auto file = golden("image_quality");
  const auto clean = pictures(file.at("clean")), noisy = pictures(file.at("noisy"));
  const auto expect = [](const torch::Tensor& got, const torch::Tensor& wanted) {
    EXPECT_TRUE(torch::allclose(got, wanted, 1e-9, 1e-9)) << got << wanted;
  };
  const auto numbers = [&](const char* name) {
    return torch::tensor(flat<double>(file.at(name)), torch::kDouble);
  };
  expect(psnr(noisy, clean), numbers("psnr"));
  expect(ssim(noisy, clean), numbers("ssim"));
  expect(median_filter(noisy), pictures(file.at("median")));
  expect(gaussian_blur(noisy, file.at("blur_sd")), pictures(file.at("blur")));
  // What the metrics compute in.
  EXPECT_TRUE(
      torch::allclose(ssim(noisy.to(torch::kFloat), clean.to(torch::kFloat)).to(torch::kDouble),
                      numbers("ssim"), 1e-4));
}

TEST(ImageQuality, IsHighestOfAPictureWithItself) {
  torch::manual_seed(1);
  const auto x = torch::rand({2, 1, 11, 11}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(ssim(x, x), torch::ones({2}, torch::kDouble)));
  EXPECT_TRUE(torch::allclose(psnr(x, x), torch::full({2}, 120, torch::kDouble)));
  EXPECT_LT(ssim(1 - x, x).max().item<double>(), 0);
}

}  // namespace
}  // namespace figment
