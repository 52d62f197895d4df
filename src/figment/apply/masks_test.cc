#include "figment/apply/masks.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/testing.h"
#include "figment/data/image_codec.h"
#include "figment/data/npy.h"

namespace figment {
namespace {

const ExampleSpec kPicture{Modality::kImage, {1, 8, 6}, {}};

void expect_refused(const std::string& word, const ExampleSpec& example, Cause cause,
                    const std::string& words) {
  try {
    mask_of(word, example);
    FAIL() << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), cause);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Masks, HideWhatTheirNamesSay) {
  for (const auto& name : mask_names()) {
    const auto mask = mask_of(name, kPicture);
    EXPECT_EQ(mask.sizes().vec(), (std::vector<int64_t>{1, 1, 8, 6})) << name;
    EXPECT_TRUE(((mask == 0) | (mask == 1)).all().item<bool>()) << name;
  }
  const auto centre = mask_of("centre", kPicture)[0][0];
  EXPECT_EQ(centre.sum().item<int64_t>(), 48 - 4 * 4);
  EXPECT_EQ(centre[3][2].item<int64_t>(), 0);
  EXPECT_EQ(centre[1][2].item<int64_t>(), 1);
  EXPECT_TRUE(torch::equal(mask_of("border", kPicture)[0][0], 1 - centre));
  EXPECT_TRUE(torch::equal(mask_of("left", kPicture), 1 - mask_of("right", kPicture)));
  EXPECT_EQ(mask_of("left", kPicture)[0][0][0][0].item<int64_t>(), 0);
  EXPECT_TRUE(torch::equal(mask_of("top", kPicture), 1 - mask_of("bottom", kPicture)));
  EXPECT_EQ(mask_of("top", kPicture)[0][0][0][0].item<int64_t>(), 0);
  // Of the window of 28 x 28 in the literature, 14 x 14 are hidden.
  EXPECT_EQ((1 - mask_of("centre", {Modality::kImage, {1, 28, 28}, {}})).sum().item<int64_t>(),
            196);
}

TEST(Masks, AreReadFromFiles) {
  const testing::ScratchFolder folder;
  auto known = torch::ones({8, 6}, torch::kByte);
  known.narrow(0, 2, 3).fill_(0);
  const auto array = (folder / "a.npy").string(), image = (folder / "a.png").string();
  write_durably(array, encode_npy(known));
  write_durably(image, encode_png(known * 255));
  EXPECT_TRUE(torch::equal(mask_of(array, kPicture)[0][0], known.to(torch::kFloat)));
  EXPECT_TRUE(torch::equal(mask_of(image, kPicture)[0][0], known.to(torch::kFloat)));
}

TEST(Masks, RefuseWhatIsNone) {
  expect_refused("center", kPicture, Cause::kConfig, "expected centre, left");
  expect_refused("centre", {Modality::kVector, {4}, {}}, Cause::kConfig,
                 "expected a model of images");
  const testing::ScratchFolder folder;
  const auto path = (folder / "a.npy").string();
  write_durably(path, encode_npy(torch::ones({6, 8}, torch::kByte)));
  expect_refused(path, kPicture, Cause::kConfig, "expected a mask of 8x6");
  write_durably(path, encode_npy(torch::ones({8, 6}, torch::kByte)));
  expect_refused(path, kPicture, Cause::kData, "but it hides none");
  write_durably(path, encode_npy(torch::zeros({8, 6}, torch::kByte)));
  expect_refused(path, kPicture, Cause::kData, "but it hides all");
  write_durably(path, encode_npy(torch::ones({1, 8, 6}, torch::kByte)));
  expect_refused(path, kPicture, Cause::kConfig, "two dimensions");
  expect_refused((folder / "none.png").string(), kPicture, Cause::kData, "none.png");
}

}  // namespace
}  // namespace figment
