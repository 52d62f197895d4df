#include "figment/data/idx.h"

#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

const auto kImages = torch::arange(24, torch::kByte).view({2, 3, 4});

TEST(Idx, ReadsWhatPythonPacked) {
  TemporaryFolder folder;
  python(folder, R"(
import gzip, struct
open('images', 'wb').write(struct.pack('>4B3I', 0, 0, 8, 3, 2, 3, 4) + bytes(range(24)))
gzip.open('labels.gz', 'wb').write(struct.pack('>4BI', 0, 0, 8, 1, 2) + bytes([2, 0]))
)");
  const auto set = read_idx(folder.file("images"), folder.file("labels.gz"));
  EXPECT_TRUE(torch::equal(set.x, kImages.unsqueeze(1)));
  EXPECT_TRUE(torch::equal(set.label, torch::tensor({2, 0}, torch::kLong)));
  EXPECT_EQ(set.spec.text(), "image 1x3x4, 3 classes");
  EXPECT_EQ(set.spec.classes.back(), "2");
  EXPECT_FALSE(read_idx(folder.file("images"), "").label.defined());
}

TEST(Idx, EncodesWhatItReads) {
  EXPECT_TRUE(torch::equal(decode_idx(encode_idx(kImages), "x"), kImages));
  const auto labels = torch::tensor({7, 255}, torch::kByte);
  EXPECT_EQ(encode_idx(labels), std::string("\0\0\x08\x01\0\0\0\x02\x07\xff", 10));
  EXPECT_TRUE(torch::equal(decode_idx(encode_idx(labels), "x"), labels));
}

TEST(Idx, RefusesAnotherHeader) {
  const auto whole = encode_idx(kImages);
  const auto with = [&](std::size_t at, char value) {
    auto bytes = whole;
    bytes[at] = value;
    return bytes;
  };
  EXPECT_TRUE(refuses([&] { decode_idx("", "x"); }, "[x: offset 0] truncated"));
  EXPECT_TRUE(refuses([&] { decode_idx("abcdef", "x"); }, "[x: offset 0] expected IDX"));
  EXPECT_TRUE(
      refuses([&] { decode_idx(with(2, 0x0d), "x"); }, "[x: offset 2] expected IDX of uns"));
  EXPECT_TRUE(refuses([&] { decode_idx(with(3, 2), "x"); }, "[x: offset 3] expected IDX of 1"));
  EXPECT_TRUE(
      refuses([&] { decode_idx(with(7, 0), "x"); }, "[x: offset 4] the IDX header says 0 ex"));
  EXPECT_TRUE(
      refuses([&] { decode_idx(with(15, 0), "x"); }, "[x: offset 12] the IDX header says 0 pix"));
  EXPECT_TRUE(refuses([&] { decode_idx(whole.substr(0, 15), "x"); }, "[x: offset 15] truncated"));
}

TEST(Idx, RefusesSizesThatAreNotThere) {
  const auto whole = encode_idx(kImages);
  EXPECT_TRUE(refuses([&] { decode_idx(whole.substr(0, whole.size() - 1), "x"); },
                      "[x: offset 16] the IDX header says 2 x 3 x 4 bytes, but 23 follow"));
  EXPECT_TRUE(refuses([&] { decode_idx(whole + "!", "x"); }, "but 25 follow"));
  // 2^96 bytes, and extents whose product is 24 modulo 2^64.
  EXPECT_TRUE(
      refuses([&] { decode_idx(std::string("\0\0\x08\x03", 4) + std::string(12, '\xff'), "x"); },
              "4294967295 x 4294967295 x 4294967295 bytes, but 0 follow"));
}

TEST(Idx, RefusesLabelsThatDoNotFit) {
  TemporaryFolder folder;
  const auto images = folder.write("images", encode_idx(kImages));
  const auto labels = folder.write("labels", encode_idx(torch::zeros({3}, torch::kByte)));
  EXPECT_TRUE(refuses([&] { read_idx(images, labels); },
                      "labels: offset 4] expected 2 labels, one for each image of images, got 3"));
  EXPECT_TRUE(refuses([&] { read_idx(labels, ""); }, "expected images (3 dimensions), got labels"));
  EXPECT_TRUE(
      refuses([&] { read_idx(images, images); }, "expected labels (1 dimension), got images"));
}

}  // namespace
}  // namespace figment
