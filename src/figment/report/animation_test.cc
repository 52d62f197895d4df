// Animations as PIL and ImageMagick see them.
#include "figment/report/animation.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"
#include "figment/data/image_codec.h"
#include "figment/data/outside_test.h"

namespace figment {
namespace {

std::vector<torch::Tensor> moving(int64_t channels, int count, int modulus) {
  std::vector<torch::Tensor> frames;
  const auto n = channels * 21 * 34;
  for (int i = 0; i < count; ++i) {
    frames.push_back(
        ((torch::arange(n) * 5 + 40 * i) % modulus).to(torch::kUInt8).view({channels, 21, 34}));
  }
  return frames;
}

// The pixels of `frame` as others write them: rows of RGB.
std::string rgb_bytes(const torch::Tensor& frame) {
  const auto rows = frame.expand({3, -1, -1}).permute({1, 2, 0}).contiguous();
  return {reinterpret_cast<const char*>(rows.data_ptr<uint8_t>()),
          static_cast<std::size_t>(rows.numel())};
}

std::string joined(const std::vector<torch::Tensor>& frames) {
  std::string all;
  for (const auto& frame : frames) all += rgb_bytes(frame);
  return all;
}

// Writes the frames that PIL finds to frames.raw; returns "count duration,duration... loop".
std::string read_by_pil(const TemporaryFolder& folder, const std::string& name) {
  return python(folder, R"(
from PIL import Image, ImageSequence
image = Image.open(')" + name +
                            R"(')
times, raw = [], b''
for i in range(image.n_frames):
    image.seek(i); raw += image.convert('RGB').tobytes(); times.append(image.info.get('duration'))
open('frames.raw', 'wb').write(raw)
print(image.n_frames, ','.join(str(int(t)) for t in times), image.info.get('loop'), end='')
)");
}

TEST(Animation, ApngKeepsEveryPixel) {
  for (const int64_t channels : {1, 3}) {
    const TemporaryFolder folder;
    const auto frames = moving(channels, 4, 256);
    AnimationOptions options;
    options.delay_ms = 70;
    options.last_delay_ms = 1500;
    options.loops = 3;
    const auto apng = encode_apng(frames, options);
    folder.write("a.png", apng);
    EXPECT_EQ(read_by_pil(folder, "a.png"), "4 70,70,70,1500 3");
    EXPECT_EQ(folder.read("frames.raw"), joined(frames));
    // Who knows no APNG sees the first frame; our reader also judges every checksum.
    EXPECT_TRUE(torch::equal(decode_image(apng, "a.png"), frames[0]));
  }
}

TEST(Animation, ApngNumbersItsChunks) {
  const TemporaryFolder folder;
  folder.write("a.png", encode_apng(moving(1, 3, 256)));
  const auto listing = python(folder, R"(
import struct, zlib
data, at, found, numbers = open('a.png', 'rb').read(), 8, [], []
while at < len(data):
    size, kind = struct.unpack('>I4s', data[at:at + 8])
    body = data[at + 8:at + 8 + size]
    assert struct.unpack('>I', data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
    if kind in (b'fcTL', b'fdAT'): numbers.append(struct.unpack('>I', body[:4])[0])
    if kind in (b'IHDR', b'acTL', b'fcTL', b'IDAT', b'fdAT', b'IEND') and found[-1:] != [kind]: found.append(kind)
    at += size + 12
assert numbers == list(range(len(numbers))), numbers
print(b' '.join(found).decode(), end='')
)");
  EXPECT_EQ(listing, "IHDR acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND");
}

TEST(Animation, GifIsExactInGreyAndInFewColours) {
  for (const int64_t channels : {1, 3}) {
    const TemporaryFolder folder;
    const auto frames = moving(channels, 3, channels == 1 ? 256 : 35);
    AnimationOptions options;
    options.delay_ms = 120;
    folder.write("a.gif", encode_gif(frames, options));
    EXPECT_EQ(read_by_pil(folder, "a.gif"), "3 120,120,120 0");
    EXPECT_EQ(folder.read("frames.raw"), joined(frames));
    output_of("convert " + folder.file("a.gif") + " -depth 8 rgb:" + folder.file("magick.raw"));
    EXPECT_EQ(folder.read("magick.raw"), joined(frames));
    EXPECT_EQ(output_of("identify -format '%m %w %h %T;' " + folder.file("a.gif")),
              "GIF 34 21 12;GIF 34 21 12;GIF 34 21 12;");
  }
}

TEST(Animation, GifDithersManyColoursFairly) {
  const TemporaryFolder folder;
  const auto ramp = torch::arange(256).to(torch::kUInt8);
  const auto image =
      torch::stack({ramp.view({1, 256}).expand({256, 256}), ramp.view({256, 1}).expand({256, 256}),
                    torch::full({256, 256}, 200, torch::kUInt8)});
  folder.write("a.gif", encode_gif({image, image.flip(2)}));
  EXPECT_EQ(read_by_pil(folder, "a.gif").substr(0, 2), "2 ");
  auto raw = folder.read("frames.raw");
  ASSERT_EQ(raw.size(), 2u * 256 * 256 * 3);
  const auto seen =
      torch::from_blob(raw.data(), {2, 256, 256, 3}, torch::kUInt8)[0].permute({2, 0, 1}).to(
          torch::kFloat);
  const auto error = seen - image.to(torch::kFloat);
  // No pixel is off by more than one level; the mean of 8 x 8 pixels is right.
  EXPECT_LE(error.abs().max().item<float>(), 51);
  const auto mean = torch::avg_pool2d(error.unsqueeze(0), 8).abs().max().item<float>();
  EXPECT_LT(mean, 4);
}

TEST(Animation, SingleFramesAndExtremes) {
  const auto white = torch::full({3, 1, 1}, 255, torch::kUInt8);
  EXPECT_TRUE(torch::equal(decode_image(encode_apng({white}), "x"), white));
  const TemporaryFolder folder;
  AnimationOptions once;
  once.loops = 1;
  folder.write("a.gif", encode_gif({white}, once));
  EXPECT_EQ(read_by_pil(folder, "a.gif"), "1 100 None");
  EXPECT_EQ(folder.read("frames.raw"), "\xff\xff\xff");
  EXPECT_THROW(encode_gif({torch::zeros({1, 1, 70000}, torch::kUInt8)}), Error);
}

}  // namespace
}  // namespace figment
