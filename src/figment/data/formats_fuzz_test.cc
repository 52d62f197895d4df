// Small files of every format, damaged in every way at hand: each must be read or refused with an
// Error(kData), within memory that no claim of a header would fit in.
#include <sys/resource.h>

#include <functional>
#include <random>

#include "figment/data/cifar.h"
#include "figment/data/column_names.h"
#include "figment/data/csv.h"
#include "figment/data/gzip.h"
#include "figment/data/idx.h"
#include "figment/data/matrix_market.h"
#include "figment/data/npy.h"
#include "figment/data/outside_test.h"
#include "figment/data/reader.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

// Lets the address space grow by 256 MiB at most while it lives.
class MemoryCap {
 public:
  MemoryCap() {
    getrlimit(RLIMIT_AS, &before_);
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    auto capped = before_;
    capped.rlim_cur = pages * 4096 + (256ULL << 20);
    EXPECT_EQ(setrlimit(RLIMIT_AS, &capped), 0);
  }
  ~MemoryCap() { setrlimit(RLIMIT_AS, &before_); }
  MemoryCap(const MemoryCap&) = delete;
  MemoryCap& operator=(const MemoryCap&) = delete;

 private:
  rlimit before_{};
};

using Decode = std::function<void(const std::string&)>;

struct Tally {
  int read = 0, refused = 0;
};

void try_one(const Decode& decode, const std::string& bytes, Tally& tally) {
  try {
    decode(bytes);
    ++tally.read;
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData) << error.what();
    ++tally.refused;
  } catch (const std::exception& other) {
    ADD_FAILURE() << other.what();
  }
}

// Every truncation, every flip of one bit of the first 400 bytes, and `wild` files in which several
// bytes are replaced, taken out or repeated.
Tally damage(const std::string& whole, int wild, const Decode& decode) {
  const MemoryCap cap;
  Tally tally;
  try_one(decode, whole, tally);
  EXPECT_EQ(tally.read, 1) << "the undamaged file";
  for (std::size_t n = 0; n < std::min<std::size_t>(whole.size(), 400); ++n) {
    try_one(decode, whole.substr(0, n), tally);
    for (int bit = 0; bit < 8; ++bit) {
      auto bytes = whole;
      bytes[n] = static_cast<char>(bytes[n] ^ 1 << bit);
      try_one(decode, bytes, tally);
    }
  }
  std::mt19937 random(7);
  for (int i = 0; i < wild; ++i) {
    auto bytes = whole;
    for (auto edits = 1 + random() % 6; edits-- > 0 && !bytes.empty();) {
      const auto at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = "\xff\0,\"\n9("[random() % 7];
          break;
        case 2:
          bytes.erase(at, 1 + random() % 8);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 32));
      }
    }
    try_one(decode, bytes, tally);
  }
  EXPECT_GT(tally.refused, 0);
  return tally;
}

TEST(Fuzz, Idx) {
  const auto whole = encode_idx(torch::arange(24, torch::kByte).view({2, 3, 4}));
  const auto tally = damage(whole, 3000, [](const auto& bytes) { decode_idx(bytes, "x"); });
  EXPECT_GT(tally.read, 100);  // flips of pixels
}

TEST(Fuzz, Npy) {
  const auto whole = encode_npy(torch::arange(24, torch::kFloat).view({2, 3, 4}));
  damage(whole, 5000, [](const auto& bytes) { dataset_of_array(decode_npy(bytes, "x"), "x"); });
}

TEST(Fuzz, Csv) {
  ReadOptions options;
  options.label_column = "kind";
  const auto* whole = "a,\"b \"\"c\",kind\n1,2.5,x\n-3e2,\"4\",y\n5,6,x\n";
  damage(whole, 5000, [&](const auto& bytes) {
    is_csv(bytes);
    decode_csv(bytes, "x", options);
  });
}

TEST(Fuzz, CsvOfWordsAndSeries) {
  const auto* words = "a,port,kind\n1,http,x\n-3e2,\"80\",y\n5,ftp,x\n";
  ReadOptions options;
  options.label_column = "kind";
  options.ignore = {"a"};
  options.applying = true;  // a name that is damaged is no mistake of the configuration
  damage(words, 3000, [&](const auto& bytes) { decode_csv(bytes, "x", options); });
  options = {};
  options.series = options.masking = true;
  options.label_column = "first";
  damage("1,5,6,7\n2,8,,\n1,9,10\n", 3000,
         [&](const auto& bytes) { decode_csv(bytes, "x", options); });
  damage("index,name,type\n0,a,symbolic\n1,\"b\",label: x\n", 3000,
         [&](const auto& bytes) { decode_column_names(bytes, "x"); });
}

TEST(Fuzz, MatrixMarket) {
  ReadOptions options;
  options.max_bytes = 1 << 20;
  const auto read = [&](const auto& bytes) { decode_matrix_market(bytes, "x", options); };
  damage(
      "%%MatrixMarket matrix coordinate real general\n% a\n3 2 4\n1 1 2.5\n1 2 -1\n3 1 4e3\n3 2 "
      "7\n",
      5000, read);
  damage("%%MatrixMarket matrix coordinate pattern general\n3 2 2\n1 1\n3 2\n", 3000, read);
}

TEST(Fuzz, Gzip) {
  TemporaryFolder folder;
  python(folder, "import gzip\nopen('z','wb').write(gzip.compress(b'some text ' * 40, mtime=0))");
  damage(folder.read("z"), 5000, [](const auto& bytes) { gunzip(bytes, "x", 1 << 20); });
}

// Through files and with everything told from the content.
TEST(Fuzz, Files) {
  TemporaryFolder folder;
  python(folder, R"(
import gzip, os, numpy as np
from PIL import Image
os.makedirs('d'); Image.fromarray(np.arange(60, dtype='u1').reshape(6, 10)).save('i.png')
Image.fromarray(np.arange(60, dtype='u1').reshape(6, 10)).save('i.jpg')
np.save('a.npy', np.arange(24.).reshape(4, 6))
open('a.npy.gz', 'wb').write(gzip.compress(open('a.npy', 'rb').read(), mtime=0))
)");
  const auto through = [&](const std::string& name, const std::string& path,
                           const std::string& whole) {
    damage(whole, 300, [&](const auto& bytes) {
      // Overwriting in place would make some file systems wait for the disk, thousands of times.
      std::filesystem::remove(folder.file(name));
      folder.write(name, bytes);
      read_path(folder.file(path));
    });
  };
  through("d/i.png", "d", folder.read("i.png"));
  std::filesystem::remove(folder.file("d/i.png"));
  through("d/i.jpg", "d", folder.read("i.jpg"));
  through("x", "x", folder.read("a.npy"));
  through("y.npy.gz", "y.npy.gz", folder.read("a.npy.gz"));
  through("t", "t", "1,2\n3,4\n5,6\n");
  std::filesystem::create_directory(folder.file("m"));
  folder.write("m/docs.csv", "row,group,split\n1,a,train\n2,b,test\n");
  folder.write("m/vocab.txt", "x\ny\n");
  const std::string matrix =
      "%%MatrixMarket matrix coordinate integer general\n2 2 2\n1 1 3\n2 2 4\n";
  through("m/a.mtx", "m", matrix);
  std::filesystem::remove(folder.file("m/a.mtx"));
  folder.write("m/a.mtx", matrix);
  through("m/docs.csv", "m", folder.read("m/docs.csv"));
  through("c.bin", "c.bin", std::string(1, '\3') + std::string(3072, 'p'));
}

}  // namespace
}  // namespace figment
