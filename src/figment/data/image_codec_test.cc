// PNG and JPEG against PIL and ImageMagick, and against damage.
#include "figment/data/image_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "figment/core/error.h"
#include "figment/data/outside_test.h"

namespace figment {
namespace {

// Writes one image of every kind, as NAME beside NAME.shape ("C H W") and NAME.raw (uint8 [C, H,
// W]), what PIL and numpy make of it.
constexpr std::string_view kWriteImages = R"(
import numpy as np, struct, zlib
from PIL import Image
y, x = np.mgrid[0:37, 0:53]
rgb = np.stack([x * 4, y * 6, (x + y) * 2], -1).astype(np.uint8)
alpha = ((x * 5) % 256).astype(np.uint8)

def expect(name, a):
    a = np.asarray(a, np.uint8)
    a = a[None] if a.ndim == 2 else a.transpose(2, 0, 1)
    open(name + '.shape', 'w').write(' '.join(map(str, a.shape)))
    open(name + '.raw', 'wb').write(np.ascontiguousarray(a).tobytes())

def on_white(image):
    image = image.convert('RGBA')
    white = Image.new('RGBA', image.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, image).convert('RGB'))

def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

def png(width, height, bits, colour, interlaced, raw, more=b''):
    head = struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, interlaced)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + more +
            chunk(b'IDAT', zlib.compress(raw)) + chunk(b'IEND', b''))

picture = Image.fromarray(rgb)
grey = picture.convert('L')
bits = grey.convert('1')
bits.save('bits.png'); expect('bits.png', np.asarray(bits) * 255)
grey.save('grey.png'); expect('grey.png', grey)
picture.save('rgb.png'); expect('rgb.png', rgb)
few = picture.quantize(11)
few.save('palette.png'); expect('palette.png', few.convert('RGB'))
few.save('palette_alpha.png', transparency=3)
expect('palette_alpha.png', on_white(Image.open('palette_alpha.png')))
ga = Image.merge('LA', [grey, Image.fromarray(alpha)])
ga.save('grey_alpha.png'); expect('grey_alpha.png', on_white(ga)[:, :, 0])
rgba = Image.merge('RGBA', [*picture.split(), Image.fromarray(alpha)])
rgba.save('rgba.png'); expect('rgba.png', on_white(rgba))

def rows(a): return b''.join(b'\0' + row.tobytes() for row in a)
deep = (x * 1200 + y * 17).astype('>u2')
open('grey16.png', 'wb').write(png(53, 37, 16, 0, 0, rows(deep)))
expect('grey16.png', np.round(deep / 257.0))
deep_rgb = np.stack([deep, deep[::-1], 65535 - deep], -1).astype('>u2')
open('rgb16.png', 'wb').write(png(53, 37, 16, 2, 0, rows(deep_rgb)))
expect('rgb16.png', np.round(deep_rgb / 257.0))
passes = b''.join(rows(rgb[r::dr, c::dc]) for r, c, dr, dc in
    [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)])
open('interlaced.png', 'wb').write(png(53, 37, 8, 2, 1, passes))
expect('interlaced.png', Image.open('interlaced.png'))
# A gamma chunk and texts, one of them with a damaged stream, change no pixel.
open('extras.png', 'wb').write(png(53, 37, 8, 2, 0, rows(rgb), chunk(b'gAMA', struct.pack('>I', 100000))
    + chunk(b'tEXt', b'Comment\0hello') + chunk(b'zTXt', b'Comment\0\0nonsense')))
expect('extras.png', rgb)

def jpeg(name, image, **options):
    image.save(name, **options); expect(name, Image.open(name).convert('L' if image.mode == 'L' else 'RGB'))
jpeg('grey.jpg', grey, quality=80)
jpeg('rgb.jpg', picture, quality=90, subsampling=0)
jpeg('subsampled.jpg', picture, quality=75, subsampling=2)
jpeg('progressive.jpg', picture, quality=75, progressive=True)
jpeg('cmyk.jpg', picture.convert('CMYK'), quality=90)
)";

TEST(ImageCodec, ReadsWhatPilWrites) {
  const TemporaryFolder folder;
  python(folder, kWriteImages);
  for (const char* name :
       {"bits.png", "grey.png", "rgb.png", "palette.png", "palette_alpha.png", "grey_alpha.png",
        "rgba.png", "grey16.png", "rgb16.png", "interlaced.png", "extras.png", "grey.jpg",
        "rgb.jpg", "subsampled.jpg", "progressive.jpg", "cmyk.jpg"}) {
    SCOPED_TRACE(name);
    const auto image = decode_image(folder.read(name), name);
    std::istringstream shape(folder.read(std::string(name) + ".shape"));
    int64_t c = 0, h = 0, w = 0;
    shape >> c >> h >> w;
    auto raw = folder.read(std::string(name) + ".raw");
    const auto expected = torch::from_blob(raw.data(), {c, h, w}, torch::kUInt8);
    ASSERT_EQ(image.sizes(), expected.sizes());
    EXPECT_EQ(image.scalar_type(), torch::kUInt8);
    const bool blended = std::string_view(name).find("alpha") != std::string_view::npos ||
                         std::string_view(name) == "rgba.png";
    const bool lossy = std::string_view(name).find(".jpg") != std::string_view::npos;
    const auto worst = (image.to(torch::kInt) - expected.to(torch::kInt)).abs().max().item<int>();
    EXPECT_LE(worst, lossy || blended ? 1 : 0);
  }
}

torch::Tensor test_image(int64_t channels, int64_t height, int64_t width) {
  const auto count = channels * height * width;
  return (torch::arange(count) * 7 % 256).to(torch::kUInt8).view({channels, height, width});
}

TEST(ImageCodec, ReadsItsOwnPng) {
  for (const int64_t channels : {1, 3}) {
    for (const auto& [h, w] : {std::pair{1, 1}, {1, 300}, {300, 1}, {28, 28}, {33, 65}}) {
      const auto image = test_image(channels, h, w);
      EXPECT_TRUE(torch::equal(decode_image(encode_png(image), "x"), image));
    }
  }
  const auto plain = test_image(1, 5, 6);
  EXPECT_EQ(encode_png(plain[0]), encode_png(plain));
  const auto strided = test_image(3, 8, 9).transpose(1, 2);
  EXPECT_TRUE(torch::equal(decode_image(encode_png(strided), "x"), strided));
}

TEST(ImageCodec, WritesPngThatOthersRead) {
  const TemporaryFolder folder;
  const auto colour = test_image(3, 20, 31);
  const auto grey = test_image(1, 20, 31);
  folder.write("colour.png", encode_png(colour));
  folder.write("grey.png", encode_png(grey));
  python(folder, R"(
import numpy as np
from PIL import Image
for name in ('colour', 'grey'):
    a = np.asarray(Image.open(name + '.png'))
    open(name + '.raw', 'wb').write((a if a.ndim == 2 else a.transpose(2, 0, 1)).tobytes())
)");
  for (const auto& [name, image] : {std::pair{"colour.raw", colour}, {"grey.raw", grey}}) {
    auto raw = folder.read(name);
    ASSERT_EQ(static_cast<int64_t>(raw.size()), image.numel());
    EXPECT_TRUE(torch::equal(torch::from_blob(raw.data(), image.sizes(), torch::kUInt8), image));
  }
  EXPECT_EQ(output_of("identify -format '%m %w %h %z' " + folder.file("colour.png")),
            "PNG 31 20 8");
}

std::string message_of(const std::string& bytes) {
  try {
    decode_image(bytes, "cat.png");
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ImageCodec, SaysWhatIsWrong) {
  EXPECT_EQ(message_of(""), "[cat.png] expected a PNG or JPEG file, got an empty one");
  EXPECT_EQ(message_of("GIF89a\x01"),
            "[cat.png] expected a PNG or JPEG file, got one that begins with 'GIF89a\\x01'");
  const auto png = encode_png(test_image(3, 20, 31));
  EXPECT_EQ(message_of(png.substr(0, 100)),
            "[cat.png: offset 100] expected a sound PNG, got: the file ends early");
  auto flipped = png;
  flipped[60] = static_cast<char>(flipped[60] ^ 1);
  EXPECT_TRUE(contains(message_of(flipped), "expected a sound PNG, got: "));
  EXPECT_TRUE(contains(message_of("\xff\xd8\xff"), "expected a sound JPEG, got: "));
}

TEST(ImageCodec, RefusesSizesThatOnlyAHeaderClaims) {
  const TemporaryFolder folder;
  python(folder, R"(
import struct, zlib
from PIL import Image
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(name, w, h):
    open(name, 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0))
        + chunk(b'IDAT', zlib.compress(b'\0' * 4)) + chunk(b'IEND', b''))
png('wide.png', 16385, 1); png('hollow.png', 16000, 16000); png('absurd.png', 0x7fffffff, 0x7fffffff)
Image.new('L', (8, 8)).save('small.jpg')
data = bytearray(open('small.jpg', 'rb').read())
at = data.index(b'\xff\xc0') + 5
data[at:at + 4] = struct.pack('>HH', 16000, 16000); open('hollow.jpg', 'wb').write(data)
data[at:at + 4] = struct.pack('>HH', 20000, 20000); open('large.jpg', 'wb').write(data)
)");
  EXPECT_EQ(message_of(folder.read("wide.png")),
            "[cat.png] expected an image of 1 to 16384 pixels a side, got 16385 x 1");
  EXPECT_TRUE(contains(message_of(folder.read("large.jpg")), "got 20000 x 20000"));
  EXPECT_TRUE(contains(message_of(folder.read("absurd.png")), "[cat.png"));
  for (const char* name : {"hollow.png", "hollow.jpg"}) {
    EXPECT_TRUE(contains(message_of(folder.read(name)), "of 16000 x 16000 pixels, got only"));
  }
}

TEST(ImageCodec, RefusesAProgressiveJpegOfEndlessScans) {
  const TemporaryFolder folder;
  python(folder, R"(
import struct
def segment(kind, data): return bytes([0xff, kind]) + struct.pack('>H', len(data) + 2) + data
def scan(coefficient, high, low):  # one block, one bit: nothing to add
    return segment(0xda, bytes([1, 1, 0, coefficient, coefficient, high << 4 | low])) + b'\x7f'
def table(kind): return segment(0xc4, bytes([kind, 1]) + bytes(16))
def jpeg(name, coefficients):
    refinements = [(0, 4), (4, 3), (3, 2), (2, 1), (1, 0)]
    scans = [scan(0, 0, 0)] + [scan(k, *r) for k in range(1, coefficients + 1) for r in refinements]
    open(name, 'wb').write(b'\xff\xd8' + segment(0xdb, bytes([0]) + bytes([1] * 64))
        + segment(0xc2, struct.pack('>BHHBBBB', 8, 8, 8, 1, 1, 0x11, 0)) + table(0x00) + table(0x10)
        + b''.join(scans) + b'\xff\xd9')
jpeg('few.jpg', 30)
jpeg('endless.jpg', 63)
)");
  EXPECT_TRUE((decode_image(folder.read("few.jpg"), "few.jpg") == 128).all().item<bool>());
  EXPECT_TRUE(contains(message_of(folder.read("endless.jpg")), "got: more than 200 scans"));
}

// Damage of every kind to `bytes`: each time either an image of a sane shape or Error(kData).
void damage(const std::string& bytes, unsigned seed, int* refused) {
  std::mt19937 random(seed);
  for (int round = 0; round < 400; ++round) {
    auto broken = bytes;
    if (round % 4 == 0) {
      broken.resize(random() % bytes.size());
    } else {
      for (int flips = 0; flips < round % 4; ++flips) {
        const auto at = random() % bytes.size();
        broken[at] = static_cast<char>(broken[at] ^ (1 << random() % 8));
      }
    }
    try {
      const auto image = decode_image(broken, "damaged");
      EXPECT_EQ(image.dim(), 3);
      EXPECT_TRUE(image.size(0) == 1 || image.size(0) == 3);
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kData);
      ++*refused;
    }
  }
}

TEST(ImageCodec, SurvivesDamage) {
  const TemporaryFolder folder;
  python(folder, kWriteImages);
  unsigned seed = 1;
  for (const char* name :
       {"bits.png", "rgb.png", "palette_alpha.png", "rgb16.png", "interlaced.png"}) {
    int refused = 0;
    damage(folder.read(name), seed++, &refused);
    // Every byte of a PNG is under a checksum, or is structure.
    EXPECT_EQ(refused, 400) << name;
  }
  for (const char* name : {"grey.jpg", "subsampled.jpg", "progressive.jpg", "cmyk.jpg"}) {
    int refused = 0;
    damage(folder.read(name), seed++, &refused);
    // A flipped bit of a JPEG is often another JPEG; a truncated one never is.
    EXPECT_GE(refused, 100) << name;
  }
}

TEST(ImageCodec, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  python(folder, kWriteImages);
  for (const char* name : {"grey.png", "rgb.jpg", "progressive.jpg"}) {
    const auto bytes = folder.read(name);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 40) {
      EXPECT_THROW(decode_image(bytes.substr(0, size), name), Error) << name << " cut at " << size;
    }
    EXPECT_THROW(decode_image(bytes.substr(0, bytes.size() - 1), name), Error) << name;
  }
}

}  // namespace
}  // namespace figment
