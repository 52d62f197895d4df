// The data sets of $FIGMENT_DATA, against what NumPy and PIL say of the same files.
#include <cstdlib>
#include <sstream>

#include "figment/data/open.h"
#include "figment/data/outside_test.h"
#include "figment/data/reader.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

class RealData : public ::testing::Test {
 protected:
  // The path of a set, or "" when it is not there.
  static std::string path(const std::string& name) {
    const char* root = std::getenv("FIGMENT_DATA");
    if (root == nullptr) return {};
    const auto path = fs::path(root) / name;
    return fs::exists(path) ? path.string() : std::string();
  }

  // A sum in which every value counts by its place, so that no two orders give the same.
  static int64_t fingerprint(const torch::Tensor& x) {
    const auto rows = x.reshape({x.size(0), -1}).to(torch::kLong);
    const auto weight = torch::arange(rows.size(0)).remainder(9973);
    return (rows.sum(0) * torch::arange(rows.size(1))).sum().item<int64_t>() +
           (rows.sum(1) * weight).sum().item<int64_t>();
  }

  // The same by NumPy of the array `x` that the script leaves; then any further `values`.
  std::string by_numpy(const std::string& root, const std::string& script,
                       const std::string& values) {
    return python(folder, "import gzip, glob, os, numpy as np\nfrom PIL import Image\nos.chdir('" +
                              root + "')\n" + script + R"(
r = x.reshape(len(x), -1).astype('i8')
print(len(x), (r.sum(0) * np.arange(r.shape[1])).sum() + (r.sum(1) * (np.arange(len(r)) % 9973)).sum(), )" +
                              values + ")\n");
  }

  static std::string facts(const Dataset& set, int64_t more) {
    std::ostringstream out;
    out << set.size() << ' ' << fingerprint(set.x) << ' ' << more << '\n';
    return out.str();
  }
  TemporaryFolder folder;
};

#define REQUIRE_DATA(variable, name)       \
  const std::string variable = path(name); \
  if ((variable).empty()) GTEST_SKIP() << "$FIGMENT_DATA has no " << (name)

TEST_F(RealData, Mnist) {
  REQUIRE_DATA(root, "mnist");
  const auto source = read_path(root);
  EXPECT_EQ(source.train.spec.text(), "image 1x28x28, 10 classes");
  EXPECT_EQ(source.train.label[0].item<int64_t>(), 5);
  EXPECT_EQ(source.train.size(), 60000);
  EXPECT_EQ(source.test->size(), 10000);
  EXPECT_EQ(source.test->label[0].item<int64_t>(), 7);
  EXPECT_EQ(facts(*source.test, fingerprint(source.test->label.unsqueeze(1))),
            by_numpy(root, R"(
read = lambda n, skip: np.frombuffer(gzip.open(n).read(), 'u1')[skip:]
x = read('t10k-images-idx3-ubyte.gz', 16).reshape(-1, 784)
y = read('t10k-labels-idx1-ubyte.gz', 8).astype('i8'))",
                     "(y * (np.arange(len(y)) % 9973)).sum()"));
}

TEST_F(RealData, Cifar10) {
  REQUIRE_DATA(root, "cifar10");
  const auto source = read_path(root);
  EXPECT_EQ(source.train.spec.text(), "image 3x32x32, 10 classes");
  EXPECT_EQ(source.test->size(), 1000);
  EXPECT_EQ(source.train.size(), 10000);
  EXPECT_EQ(facts(source.train, source.train.label.sum().item<int64_t>()), by_numpy(root, R"(
b = np.fromfile('data_batch_1.bin', 'u1').reshape(-1, 3073)
x, y = b[:, 1:], b[:, 0].astype('i8'))",
                                                                                    "y.sum()"));
}

TEST_F(RealData, Optdigits) {
  REQUIRE_DATA(root, "optdigits");
  ReadOptions options;
  options.label_column = "last";
  const auto set = read_path(root + "/optdigits.tra", options).train;
  EXPECT_EQ(set.spec.text(), "vector 64, 10 classes");
  EXPECT_EQ(set.size(), 3823);
  EXPECT_EQ(facts(set, set.label.sum().item<int64_t>()), by_numpy(root, R"(
t = np.loadtxt('optdigits.tra', delimiter=',')
x, y = t[:, :-1], t[:, -1].astype('i8'))",
                                                                  "y.sum()"));
  EXPECT_EQ(read_path(root + "/optdigits.tes", options).train.size(), 1797);
  EXPECT_TRUE(refuses([&] { read_path(root); }, "holds no data set that is known"));
}

TEST_F(RealData, Ecg5000) {
  REQUIRE_DATA(root, "timeseries");
  ReadOptions options;
  options.label_column = "label";
  options.series = true;
  auto set = read_path(root + "/ECG5000_TRAIN.csv", options).train;
  EXPECT_EQ(set.spec.text(), "series 140x1, 5 classes");
  EXPECT_EQ(set.size(), 500);
  EXPECT_EQ((set.label == 0).sum().item<int64_t>(), 292);
  set.x = set.x.mul(1e6).round().to(torch::kLong);
  EXPECT_EQ(facts(set, set.label.sum().item<int64_t>()), by_numpy(root, R"(
t = np.loadtxt('ECG5000_TRAIN.csv', delimiter=',', skiprows=1)
x, y = np.rint(t[:, 1:].astype('f4') * np.float32(1e6)), t[:, 0].astype('i8') - 1)",
                                                                  "y.sum()"));
  EXPECT_TRUE(refuses([&] { read_path(root, options); }, "holds several sets (ECG200_TEST.csv"));
}

TEST_F(RealData, Olivetti) {
  REQUIRE_DATA(root, "olivetti");
  const auto set = read_path(root).train;
  EXPECT_EQ(set.spec.text(), "image 1x64x64, 40 classes");
  const auto array = read_path(root + "/olivetti_400x64x64_uint8.npy").train;
  EXPECT_EQ(array.spec.text(), "image 1x64x64");
  EXPECT_TRUE(torch::equal(set.x, array.x));
  EXPECT_EQ(facts(set, set.label.sum().item<int64_t>()),
            by_numpy(root, "x = np.load('olivetti_400x64x64_uint8.npy')", "40 * 39 * 5"));
}

TEST_F(RealData, Facades) {
  REQUIRE_DATA(root, "facades");
  const auto source = read_path(root);
  EXPECT_EQ(source.train.spec.text(), "image 3x128x256");
  EXPECT_EQ(source.train.size(), 400);
  EXPECT_FALSE(source.train.label.defined());
  EXPECT_EQ(facts(*source.test, 0), by_numpy(root, R"(
x = np.stack([np.array(Image.open(f)).transpose(2, 0, 1) for f in sorted(glob.glob('test/*.jpg'))]))",
                                             "0"));
}

TEST_F(RealData, Odds) {
  REQUIRE_DATA(root, "odds");
  ReadOptions options;
  options.label_column = "is_anomaly";
  const auto set = read_path(root + "/thyroid.csv", options).train;
  EXPECT_EQ(set.spec.text(), "vector 6, 2 classes");
  EXPECT_EQ(set.size(), 3772);
  EXPECT_EQ(set.label.sum().item<int64_t>(), 93);
  EXPECT_EQ(set.columns[5], "f5");
}

TEST_F(RealData, NslKdd) {
  REQUIRE_DATA(root, "nsl-kdd");
  DataConfig config;
  config.source = "nsl-kdd";
  config.label_column = "attack_label";
  config.ignore = {"difficulty"};
  config.log1p = {"*"};
  config.normal = {"normal"};
  config.validation = 0;
  const auto data = open_data(config);
  EXPECT_EQ(data.train.size(), 13449);
  EXPECT_EQ(data.test.size(), 22544);
  EXPECT_EQ(anomalies(data.test, config.normal).sum().item<int64_t>(), 12833);
  std::ostringstream ours;
  ours << data.train.spec.shape[0] << ' ' << data.train.x.sum(torch::kDouble).item<double>() << ' '
       << data.test.x.sum(torch::kDouble).item<double>() << '\n';
  EXPECT_EQ(ours.str(), python(folder, "import csv, numpy as np\nroot = '" + root + "/'\n" + R"(
read = lambda f: np.array(list(csv.reader(open(root + f))))
train, test = read('KDDTrain+_20Percent.txt'), read('KDDTest+.txt')
train = train[train[:, 41] == 'normal']
words = {j: sorted(set(train[:, j])) for j in (1, 2, 3)}
def encode(rows):
    return np.concatenate([np.stack([rows[:, j] == w for w in words[j]], 1) if j in words else
                           np.log1p(rows[:, j:j + 1].astype('f8')) for j in range(41)], 1)
x, y = encode(train), encode(test)
print(x.shape[1], '%g' % x.sum(), '%g' % y.sum()))"));
}

TEST_F(RealData, TwentyNewsgroups) {
  REQUIRE_DATA(root, "20newsgroups");
  const auto source = read_path(root);
  EXPECT_EQ(source.train.spec.text(), "vector 2000, 20 classes");
  EXPECT_EQ(source.train.spec.classes[0], "alt.atheism");
  EXPECT_EQ(source.train.columns[1], "able");
  EXPECT_EQ(facts(source.train, source.train.label.sum().item<int64_t>()), by_numpy(root, R"(
import csv
docs = list(csv.DictReader(open('docs.csv')))
rows = np.loadtxt(gzip.open('bow2000.mtx.gz', 'rt'), skiprows=3, dtype='i8')
x = np.zeros((len(docs), 2000)); x[rows[:, 0] - 1, rows[:, 1] - 1] = rows[:, 2]
train = np.array([d['split'] == 'train' for d in docs])
y = np.array([int(d['label']) for d in docs])[train]; x = x[train])",
                                                                                    "y.sum()"));
  EXPECT_EQ(source.test->size(), 3660);
}

}  // namespace
}  // namespace figment
