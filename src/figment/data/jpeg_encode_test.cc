#include "figment/data/jpeg_encode.h"

#include <gtest/gtest.h>

#include "figment/data/image_codec.h"
#include "figment/data/outside_test.h"

namespace figment {
namespace {

torch::Tensor smooth(int64_t channels) {
  const auto x = torch::linspace(0, 3, 40), y = torch::linspace(0, 2, 23);
  const auto plane = ((x.unsqueeze(0).sin() + y.unsqueeze(1).cos() + 1) * 80).clamp(0, 255);
  return plane.to(torch::kUInt8).expand({channels, 23, 40}).contiguous();
}

TEST(Jpeg, DecodesToNearlyWhatWasEncoded) {
  for (const int64_t channels : {1, 3}) {
    const auto image = smooth(channels);
    const auto fine = encode_jpeg(image, 95), coarse = encode_jpeg(image, 10);
    EXPECT_LT(coarse.size(), fine.size());
    const auto back = decode_image(fine, "a");
    ASSERT_EQ(back.sizes(), image.sizes());
    EXPECT_LT((back.to(torch::kFloat) - image.to(torch::kFloat)).abs().max().item<float>(), 8);
  }
}

TEST(Jpeg, IsReadByImageMagick) {
  TemporaryFolder folder;
  const auto path = folder.write("a.jpg", encode_jpeg(smooth(3), 80));
  EXPECT_EQ(output_of("identify -format '%m %wx%h' " + path), "JPEG 40x23");
}

}  // namespace
}  // namespace figment
