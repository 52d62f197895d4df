#include "figment/data/reader.h"

#include "figment/data/idx.h"
#include "figment/data/npy.h"
#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

class Reader : public testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(folder.file(name)).parent_path());
    return folder.write(name, bytes);
  }
  std::string at(const std::string& name) const { return folder.file(name); }
  TemporaryFolder folder;
  const std::string images = encode_idx(torch::arange(24, torch::kByte).view({2, 3, 4}));
  const std::string labels = encode_idx(torch::tensor({1, 0}, torch::kByte));
  const std::string record = std::string(1, '\7') + std::string(3072, 'p');
};

TEST_F(Reader, ReadsIdxFoldersAndFiles) {
  put("d/train-images-idx3-ubyte", images);
  put("d/train-labels-idx1-ubyte", labels);
  put("d/t10k-images-idx3-ubyte", images);
  put("d/t10k-labels-idx1-ubyte", labels);
  output_of("gzip " + at("d/train-images-idx3-ubyte") + " " + at("d/t10k-labels-idx1-ubyte"));
  const auto source = read_path(at("d"));
  EXPECT_EQ(source.train.spec.text(), "image 1x3x4, 2 classes");
  EXPECT_EQ(source.train.name, "d");
  ASSERT_TRUE(source.test.has_value());
  EXPECT_TRUE(torch::equal(source.test->label, torch::tensor({1, 0}, torch::kLong)));
  const auto file = read_path(at("d/train-images-idx3-ubyte.gz"));
  EXPECT_EQ(file.train.label.size(0), 2);
  EXPECT_EQ(file.train.name, "train-images-idx3-ubyte");
  EXPECT_FALSE(read_path(put("alone", images)).train.label.defined());
  put("d/emnist-train-images-idx3-ubyte", images);
  EXPECT_TRUE(refuses([&] { read_path(at("d")); }, "got 2 and 1 (emnist-train"));
}

TEST_F(Reader, ReadsCifarFolders) {
  put("c/data_batch_1.bin", record + record);
  put("c/data_batch_2.bin", record);
  put("c/test_first.bin", record + record);
  EXPECT_EQ(read_path(at("c")).test->size(), 2);
  put("c/test_batch.bin", record);
  put("c/batches.meta.txt", "airplane\n");
  const auto source = read_path(at("c"));
  EXPECT_EQ(source.train.size(), 3);
  EXPECT_EQ(source.test->size(), 1);
  EXPECT_EQ(read_path(at("c/data_batch_1.bin")).train.spec.text(), "image 3x32x32, 10 classes");
}

TEST_F(Reader, ReadsTablesAndArrays) {
  ReadOptions options;
  options.label_column = "last";
  put("t/some_TRAIN.csv", "1,2,a\n3,4,b\n");
  put("t/some_TEST.csv", "1,2,b\n");
  const auto pair = read_path(at("t"), options);
  EXPECT_EQ(pair.train.size(), 2);
  EXPECT_EQ(pair.test->label.item<int64_t>(), 1);
  EXPECT_EQ(read_path(put("optdigits.tra", "1,2,a\n3,4,b\n"), options).train.spec.text(),
            "vector 2, 2 classes");
  EXPECT_EQ(read_path(put("n/only.npy", encode_npy(torch::ones({4, 5})))).train.spec.text(),
            "vector 5");
  EXPECT_EQ(read_path(at("n/")).train.name, "n");
  options.name = "mine";
  options.series = true;
  EXPECT_EQ(read_path(at("t"), options).test->name, "mine");
  EXPECT_EQ(read_path(at("t"), options).train.spec.text(), "series 2x1, 2 classes");
}

TEST_F(Reader, PrefersImagesToTheArrayBesideThem) {
  python(folder, R"(
import os, numpy as np
from PIL import Image
os.makedirs('f/png/s0'); Image.fromarray(np.full((5, 6), 9, 'u1')).save('f/png/s0/0.png')
os.makedirs('f/png/s1'); Image.fromarray(np.full((5, 6), 9, 'u1')).save('f/png/s1/0.png')
np.save('f/faces.npy', np.zeros((2, 5, 6), 'u1'))
)");
  EXPECT_EQ(read_path(at("f")).train.spec.text(), "image 1x5x6, 2 classes");
  EXPECT_TRUE(refuses([&] { read_path(at("f/png/s0/0.png")); }, "is a single image"));
}

TEST_F(Reader, FitsImagesOfEveryFormat) {
  ReadOptions options;
  options.image_size = 2;
  options.channels = 3;
  EXPECT_EQ(read_path(put("i", images), options).train.spec.text(), "image 3x2x2");
  options.channels = 1;
  EXPECT_EQ(read_path(put("a.npy", encode_npy(torch::ones({70, 8, 6, 3}, torch::kByte))), options)
                .train.x.sizes(),
            torch::IntArrayRef({70, 1, 2, 2}));
  options.image_size = 16384;
  options.max_bytes = 1 << 20;
  EXPECT_TRUE(refuses([&] { read_path(at("i"), options); }, "more than is taken into memory"));
}

TEST_F(Reader, RefusesOptionsThatDoNotApply) {
  const auto table = put("t.csv", "1,2\n3,4\n"), image = put("i", images);
  const auto says = [](const std::string& path, const ReadOptions& options, std::string_view part) {
    return refuses([&] { read_path(path, options); }, part, Cause::kConfig);
  };
  ReadOptions size, channels, series, label;
  size.image_size = 8;
  channels.channels = 1;
  series.series = true;
  label.label_column = "last";
  EXPECT_TRUE(says(table, size, "[image_size]"));
  EXPECT_TRUE(says(table, channels, "[channels]"));
  EXPECT_TRUE(says(image, series, "[series]"));
  EXPECT_TRUE(says(image, label, "[label_column]"));
  EXPECT_TRUE(says(put("a.npy", encode_npy(torch::ones({2, 2}))), label, "[label_column]"));
  size.image_size = 99999;
  EXPECT_TRUE(says(image, size, "expected 1 to 16384 pixels"));
}

TEST_F(Reader, RefusesWhatItDoesNotKnow) {
  const auto says = [](const std::string& path, std::string_view part) {
    return refuses([&] { read_path(path); }, part);
  };
  EXPECT_TRUE(says(at("absent"), "absent] there is no such file or folder"));
  EXPECT_TRUE(says(put("empty", ""), "the file is empty"));
  EXPECT_TRUE(says(put("text", "hello\n"), "begins with 'hello"));
  EXPECT_TRUE(says(at("text"), "expected a folder with IDX files"));
  EXPECT_TRUE(says(put("z.npz", "PK\x03\x04...."), "numpy.save"));
  EXPECT_TRUE(says(put("n.npy", "not"), "n.npy: offset 0] expected NPY"));
  EXPECT_TRUE(says(put("b.bin", "not"), "expected CIFAR-10 records"));
  EXPECT_TRUE(says(put("bad.gz", "\x1f\x8b\x08\xff\xff"), "bad.gz: offset 4] corrupt gzip"));
  put("nothing/readme.txt", "x");
  EXPECT_TRUE(says(at("nothing"), "nothing] holds no data set that is known; expected"));
  fs::remove(at("nothing/readme.txt"));
  EXPECT_TRUE(says(at("nothing"), "holds no data set that is known"));
  put("two/a.csv", "1,2\n");
  put("two/b.csv", "1,2\n");
  EXPECT_TRUE(says(at("two"), "holds several sets (a.csv, b.csv); name the file"));
  put("cut/train-images-idx3-ubyte", images.substr(0, 30));
  EXPECT_TRUE(says(at("cut"), "train-images-idx3-ubyte: offset 16]"));
  fs::create_symlink("self", at("self"));
  EXPECT_TRUE(says(at("self"), "there is no such file or folder (Too many levels"));
}

}  // namespace
}  // namespace figment
