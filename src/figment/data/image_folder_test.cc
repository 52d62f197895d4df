#include "figment/data/image_folder.h"

#include "figment/data/image_fit.h"
#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

class ImageFolder : public ::testing::Test {
 protected:
  // Runs a script after a helper: put(path, shape, value, seed) makes folders and saves an image.
  void make(const std::string& script) const {
    python(folder, R"(
import os, numpy as np
from PIL import Image
def put(path, size=(4, 3), grey=True, value=None):
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    shape = (size[1], size[0]) if grey else (size[1], size[0], 3)
    a = np.random.default_rng(len(path)).integers(0, 256, shape).astype('u1')
    if value is not None: a[...] = value
    Image.fromarray(a).save(path)
    return a
)" + script);
  }
  std::string at(const std::string& name) const { return folder.file(name); }
  TemporaryFolder folder;
};

ReadOptions sized(int64_t size, int64_t channels = 0) {
  ReadOptions options;
  options.image_size = size;
  options.channels = channels;
  return options;
}

TEST_F(ImageFolder, ReadsClassesInOrder) {
  make(R"(
for i, name in enumerate(['d/10/b.png', 'd/9/x.PNG', 'd/10/a.png', 'd/9/deep/y.png']): put(name, value=i + 1)
open('d/9/notes.txt', 'w').write('no image'); open('d/.hidden.png', 'w').write('no image')
)");
  const auto set = read_image_folder(at("d")).train;
  EXPECT_EQ(set.spec.text(), "image 1x3x4, 2 classes");
  EXPECT_EQ(set.spec.classes, (std::vector<std::string>{"9", "10"}));
  EXPECT_TRUE(torch::equal(set.label, torch::tensor({0, 0, 1, 1}, torch::kLong)));
  EXPECT_TRUE(torch::equal(set.x.select(1, 0).select(1, 0).select(1, 0),
                           torch::tensor({2, 4, 3, 1}, torch::kByte)));
}

TEST_F(ImageFolder, ReadsFlatFoldersAndSplits) {
  make(R"(
for s in ['train', 'test', 'val']:
    for c in 'ab': put(f'd/{s}/{c}/1.png', grey=False)
put('d/train/c/1.png', grey=False); put('flat/2.png', value=2); put('flat/1.png', value=1)
for i in range(2): put(f'outer/png/s{i}/0.png')
os.remove('d/test/a/1.png'); os.rmdir('d/test/a')
)");
  const auto split = read_image_folder(at("d"));
  EXPECT_EQ(split.train.spec.text(), "image 3x3x4, 3 classes");
  ASSERT_TRUE(split.test.has_value());
  EXPECT_EQ(split.test->spec.classes, split.train.spec.classes);
  EXPECT_TRUE(torch::equal(split.test->label, torch::tensor({1}, torch::kLong)));
  const auto flat = read_image_folder(at("flat")).train;
  EXPECT_FALSE(flat.label.defined());
  EXPECT_EQ(flat.x[0][0][0][0].item<int>(), 1);
  EXPECT_EQ(read_image_folder(at("outer")).train.spec.text(), "image 1x3x4, 2 classes");
}

// PIL's grey, to the bit, and PIL's antialiased bilinear resize, whose arithmetic is in integers.
TEST_F(ImageFolder, FitsImagesAsPilDoes) {
  make(R"(
from PIL import ImageFilter
for i, size in enumerate([(40, 30), (31, 64), (16, 16), (9, 12)]):
    Image.fromarray(put(f'd/{i}.png', size, grey=False)).filter(ImageFilter.BoxBlur(1)).save(f'd/{i}.png')
expected, grey = [], []
for i in range(4):
    a = Image.open(f'd/{i}.png')
    w, h = a.size
    s = min(w, h)
    r = a.resize((16 * w // s, 16 * h // s), Image.BILINEAR)
    x, y = (r.width - 16) // 2, (r.height - 16) // 2
    expected.append(np.array(r.crop((x, y, x + 16, y + 16))).transpose(2, 0, 1))
np.save('expected.npy', np.stack(expected))
a = Image.open('d/0.png'); os.makedirs('g'); a.save('g/0.png'); a.convert('L').save('e.png')
np.save('grey.npy', np.array(a.convert('L'))[None])
)");
  const auto bytes = folder.read("expected.npy");
  const auto ours = read_image_folder(at("d"), sized(16)).train.x;
  const auto expected =
      torch::from_blob(const_cast<char*>(bytes.data()) + 128, {4, 3, 16, 16}, torch::kByte);
  EXPECT_LE((ours.to(torch::kInt) - expected.to(torch::kInt)).abs().max().item<int>(), 1);
  const auto grey_bytes = folder.read("grey.npy");
  const auto grey =
      torch::from_blob(const_cast<char*>(grey_bytes.data()) + 128, {1, 1, 30, 40}, torch::kByte);
  EXPECT_TRUE(torch::equal(read_image_folder(at("g"), sized(0, 1)).train.x, grey));
}

TEST_F(ImageFolder, BringsGreyAndRgbTogether) {
  make("put('d/1.png'); put('d/2.png', grey=False)");
  EXPECT_TRUE(refuses([&] { read_image_folder(at("d")); },
                      "2.png] is 4 x 3 RGB, while 1.png is 4 x 3 grey; give channels"));
  const auto set = read_image_folder(at("d"), sized(0, 3)).train;
  EXPECT_EQ(set.spec.text(), "image 3x3x4");
  EXPECT_TRUE(torch::equal(set.x[0][0], set.x[0][2]));
}

TEST_F(ImageFolder, RefusesMixtures) {
  make(R"(
put('sizes/1.png'); put('sizes/2.png', (5, 3)); put('sizes/3.png', (6, 3))
put('both/1.png'); put('both/a/2.png')
put('hole/a/1.png'); os.makedirs('hole/b')
put('foreign/1.png'); put('foreign/2.webp')
put('extra/train/1.png'); put('extra/other/1.png')
put('top/train/1.png'); put('top/1.png')
put('new/train/a/1.png'); put('new/test/z/1.png')
put('named/train/1.png'); put('named/test/z/1.png')
put('shape/train/1.png'); put('shape/test/1.png', (5, 5))
put('long/1.png', (99, 3)); os.makedirs('empty')
)");
  const auto says = [&](const char* name, std::string_view part, const ReadOptions& options = {}) {
    return refuses([&] { read_image_folder(at(name), options); }, part);
  };
  EXPECT_TRUE(says("sizes", "2.png] is 5 x 3 grey, while 1.png is 4 x 3 grey; give image_size"));
  EXPECT_FALSE(says("sizes", "", sized(8)));
  EXPECT_TRUE(says("both", "holds images (1.png) beside folders of images (a)"));
  EXPECT_TRUE(says("hole", "hole/b] expected PNG or JPEG images of this class, found none"));
  EXPECT_TRUE(says("foreign", "2.webp] expected PNG or JPEG images; convert"));
  EXPECT_TRUE(says("extra", "holds 'other' beside train/"));
  EXPECT_TRUE(says("top", "top/1.png] is an image beside train/"));
  EXPECT_TRUE(says("new", "have class 'z', which no training example has"));
  EXPECT_TRUE(says("named", "the test examples have labels, the training examples have none"));
  EXPECT_TRUE(says("shape", "(image 1x3x4), got image 1x5x5"));
  EXPECT_TRUE(says("long", "32 times as long as wide to resize, got 99 x 3", sized(8)));
  EXPECT_TRUE(says("empty", "expected PNG or JPEG images, found none"));
  EXPECT_TRUE(
      refuses([&] { read_image_folder(at("sizes"), sized(-1)); }, "[image_size]", Cause::kConfig));
  EXPECT_TRUE(
      refuses([&] { read_image_folder(at("sizes"), sized(0, 2)); }, "[channels]", Cause::kConfig));
}

TEST_F(ImageFolder, RefusesBadFilesAndLinks) {
  make("for i in range(9): put(f'd/{i}.png')");
  const auto whole = folder.read("d/7.png");
  folder.write("d/7.png", whole.substr(0, whole.size() / 2));
  folder.write("d/4.png", "no image at all");
  // The first of several in order, whichever thread met one first.
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(refuses([&] { read_image_folder(at("d")); }, "d/4.png"));
  fs::remove(at("d/4.png"));
  fs::create_symlink("4.png", at("d/4.png"));
  EXPECT_TRUE(refuses([&] { read_image_folder(at("d")); }, "d/4.png] cannot be read"));
  make("put('loop/a/1.png'); os.symlink('../..', 'loop/a/back')");
  EXPECT_TRUE(refuses([&] { read_image_folder(at("loop")); }, "a symbolic link leads back to"));
  EXPECT_TRUE(is_image_folder(at("loop")));
  make("put('good/a/1.png'); os.symlink('a', 'good/b')");
  EXPECT_EQ(read_image_folder(at("good")).train.size(), 2);
}

TEST_F(ImageFolder, ReadsJpeg) {
  make("put('d/a.jpg', (20, 10), False, 77); put('d/b.JPEG', (20, 10), False, 78)");
  const auto set = read_image_folder(at("d")).train;
  EXPECT_EQ(set.spec.text(), "image 3x10x20");
  EXPECT_LE((set.x[1].to(torch::kInt) - 78).abs().max().item<int>(), 2);
}

}  // namespace
}  // namespace figment
