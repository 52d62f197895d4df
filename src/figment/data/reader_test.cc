#include "figment/data/reader.h"

#include "figment/data/idx.h"
#include "figment/data/npy.h"
#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

class Reader : public ::testing::Test {
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

TEST_F(Reader, ReadsTablesWhoseNamesSayTrainAndTest) {
  put("k/KDDTrain+_20Percent.txt", "1,tcp,a\n3,udp,b\n");
  put("k/KDDTest+.txt", "1,icmp,b\n");
  put("k/categories.csv", "a,dos\nb,probe\n");
  put("k/readme.txt", "words, and words\n");
  put("k/columns.csv",
      "index,name,type\n0,size,continuous\n1,protocol,symbolic\n2,kind,\"label: x\"\n");
  const auto pair = read_path(at("k"));
  EXPECT_EQ(pair.train.columns, (std::vector<std::string>{"size", "protocol"}));
  EXPECT_EQ(pair.train.categories[1], (std::vector<std::string>{"tcp", "udp"}));
  EXPECT_EQ(pair.test->categories[1], (std::vector<std::string>{"icmp"}));
  EXPECT_EQ(pair.test->label.item<int64_t>(), 1);
  // The same names for a file of the folder alone, and a list of names without more.
  EXPECT_EQ(read_path(at("k/KDDTest+.txt")).train.columns, pair.train.columns);
  fs::remove(at("k/columns.csv"));
  put("k/columns.txt", "name\nprotocol\nkind\n");
  EXPECT_EQ(read_path(at("k")).train.columns,
            (std::vector<std::string>{"name", "protocol", "kind"}));
  put("k/columns.txt", "a\nb\na\n");
  EXPECT_TRUE(refuses([&] { read_path(at("k")); }, "columns.txt:3] the column 'a' is named twice"));
  put("k/columns.txt", "a\nb,c\n");
  EXPECT_TRUE(refuses([&] { read_path(at("k")); }, "columns.txt:2] expected names of columns"));
  put("k/columns.txt", "\n");
  EXPECT_TRUE(refuses([&] { read_path(at("k")); }, "expected names of columns, got none"));
  put("k/columns.txt", "a\n\"\"\n");
  EXPECT_TRUE(refuses([&] { read_path(at("k")); }, "columns.txt:2] a column without a name"));
  fs::remove(at("k/columns.txt"));
  put("k/other_test.csv", "1,icmp,b\n");
  EXPECT_TRUE(refuses([&] { read_path(at("k")); }, "holds several test sets (KDDTest+.txt, other"));
  // "latest" is no test set.
  put("l/x_train.csv", "1,2\n");
  put("l/latest.csv", "1,2\n");
  EXPECT_FALSE(read_path(at("l")).test.has_value());
}

TEST_F(Reader, PadsBothPartsToTheLongestSeries) {
  ReadOptions options;
  options.series = options.masking = true;
  put("s/x_train.csv", "1,2\n3\n");
  put("s/x_test.csv", "1,2,3\n");
  const auto source = read_path(at("s"), options);
  EXPECT_EQ(source.train.spec.text(), "series 3x1");
  EXPECT_TRUE(torch::equal(source.train.length, torch::tensor({2, 1}, torch::kLong)));
  EXPECT_EQ(source.test->length.item<int64_t>(), 3);
}

const char* const kMatrix =
    "%%MatrixMarket matrix coordinate integer general\n% words\n4 3 5\n1 1 2\n2 3 1\n3 2 4\n4 1 "
    "1\n4 3 7\n";

TEST_F(Reader, ReadsAMatrixWithWhatItsRowsAndColumnsAre) {
  put("m/bag.mtx", kMatrix);
  EXPECT_EQ(read_path(at("m")).train.spec.text(), "vector 3");
  put("m/vocab.txt", "name\nof\nrose\n");
  put("m/docs.csv",
      "row,group,label,split\n1,sci,1,train\n4,alt,10,test\n3,sci,1,test\n2,zoo,2,train\n");
  output_of("gzip " + at("m/bag.mtx"));
  const auto source = read_path(at("m"));
  EXPECT_EQ(source.train.columns, (std::vector<std::string>{"name", "of", "rose"}));
  EXPECT_EQ(source.train.spec.classes, (std::vector<std::string>{"sci", "zoo", "alt"}));
  EXPECT_TRUE(torch::equal(source.train.x, torch::tensor({{2.f, 0.f, 0.f}, {0.f, 0.f, 1.f}})));
  EXPECT_TRUE(torch::equal(source.test->x, torch::tensor({{0.f, 4.f, 0.f}, {1.f, 0.f, 7.f}})));
  EXPECT_TRUE(torch::equal(source.test->label, torch::tensor({0, 2}, torch::kLong)));
  EXPECT_EQ(read_path(at("m/bag.mtx.gz")).train.size(), 4);
  ReadOptions options;
  options.label_column = "label";
  EXPECT_EQ(read_path(at("m"), options).train.spec.classes,
            (std::vector<std::string>{"1", "2", "10"}));
  options.label_column = "none";
  EXPECT_FALSE(read_path(at("m"), options).train.label.defined());
}

TEST_F(Reader, RefusesDocumentsThatDoNotFitTheirMatrix) {
  put("m/bag.mtx", kMatrix);
  const auto says = [&](const std::string& documents, std::string_view part) {
    put("m/docs.csv", documents);
    return refuses([&] { read_path(at("m")); }, part);
  };
  EXPECT_TRUE(says("", "docs.csv] expected a header, got an empty file"));
  EXPECT_TRUE(says("row,group\n1,a\n2\n", "docs.csv:3] expected 2 fields as in the header, got 1"));
  EXPECT_TRUE(says("row,group\n1,a\n5,a\n",
                   "docs.csv:3] expected a row of 1..4, as the matrix has, "
                   "got '5'"));
  EXPECT_TRUE(says("row,group\n0,a\n", "got '0'"));
  EXPECT_TRUE(says("row,group\n1,a\n1,a\n", "docs.csv:3] row 1 is given twice"));
  EXPECT_TRUE(
      says("row,group\n1,a\n", "expected a line for each of the 4 rows of the matrix, got 1"));
  EXPECT_TRUE(says("group\na\na\na\na\na\n", "docs.csv:6] expected a row of 1..4"));
  EXPECT_TRUE(says("row,group\n1,\n", "docs.csv:2] expected a class, got nothing"));
  EXPECT_TRUE(
      says("row,split\n1,valid\n", "expected train or test in the column 'split', got 'va"));
  EXPECT_TRUE(says("split\ntest\ntest\ntest\ntest\n", "expected rows whose split is train"));
  fs::remove(at("m/docs.csv"));
  put("m/vocab.txt", "only\n");
  EXPECT_TRUE(refuses([&] { read_path(at("m")); }, "expected a name for each of the 3 columns"));
  put("m/more.mtx", kMatrix);
  EXPECT_TRUE(refuses([&] { read_path(at("m")); }, "holds several sets (bag.mtx, more.mtx)"));
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
  ReadOptions ignore, words, names, masking;
  ignore.ignore = words.words = {"a"};
  names.columns = {{"a", ColumnRole::kAny}};
  masking.masking = true;
  EXPECT_TRUE(says(image, ignore, "[data.ignore]"));
  EXPECT_TRUE(says(image, words, "[data.one_hot]"));
  EXPECT_TRUE(says(image, names, "[data.column_names]"));
  EXPECT_TRUE(says(table, masking, "[data.masking]"));
  EXPECT_TRUE(says(image, masking, "[data.masking]"));
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
