#include "figment/eval/compression.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/data/image_codec.h"
#include "figment/data/open.h"
#include "figment/model/abilities.h"

namespace figment {
namespace {

// A model whose code is the image itself.
struct Identity : Model, Encodes, Decodes {
  explicit Identity(const ExampleSpec& example) : Model(example) {}
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t code_dim() const override { return example().elements(); }
  torch::Tensor encode(const Batch& batch) override { return batch.x.flatten(1); }
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor&) override {
    return code.view({code.size(0), 1, example().shape[1], example().shape[2]});
  }
};

Dataset some_digits() {
  DataConfig config;
  config.size = 300;
  return open_data(config).test.first(120);
}

TEST(Compression, OfTheImageItselfLosesNothingAtEightBits) {
  const auto set = some_digits();
  Identity model(set.spec);
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  const auto points = rate_of_codes(model, scaling, set, {1, 4, 8});
  EXPECT_LT(points[0].bits, points[1].bits);
  EXPECT_LT(points[1].bits, points[2].bits);
  EXPECT_LT(points[0].psnr, points[1].psnr);
  // 256 levels over a range of at most 255 steps; a constant pixel costs nothing.
  EXPECT_GT(points[2].psnr, 58);
  EXPECT_LT(points[2].bits, 8);
}

TEST(Compression, JpegGetsBetterAsItGrowsAndPngLosesNothing) {
  const auto set = some_digits();  // 28 is no multiple of 8: the sheet is padded and cut again
  const auto jpeg = rate_of_jpeg(set.x, {5, 30, 95});
  EXPECT_LT(jpeg[0].bits, jpeg[1].bits);
  EXPECT_LT(jpeg[1].bits, jpeg[2].bits);
  EXPECT_LT(jpeg[0].psnr, jpeg[1].psnr);
  EXPECT_GT(jpeg[2].psnr, 35);
  const auto png = rate_of_png(set.x);
  EXPECT_GT(png.bits, 0.2);
  EXPECT_LT(png.bits, 8);
  EXPECT_TRUE(std::isinf(png.psnr));
}

TEST(Compression, InterpolatesTheRate) {
  const std::vector<RatePoint> curve = {{"a", 1, 20}, {"b", 2, 30}, {"c", 4, 34}};
  EXPECT_DOUBLE_EQ(rate_at(curve, 25), 1.5);
  EXPECT_DOUBLE_EQ(rate_at(curve, 33), 3.5);
  EXPECT_TRUE(std::isnan(rate_at(curve, 40)));
  EXPECT_TRUE(std::isnan(rate_at(curve, 10)));
}

TEST(Compression, MeasuresDecibels) {
  const auto a = torch::zeros({2, 1, 4, 4});
  auto b = a.clone();
  b[0].fill_(0.1);
  b[1].fill_(0.01);
  EXPECT_NEAR(mean_psnr(a, b), 30, 1e-4);
}

}  // namespace
}  // namespace figment
