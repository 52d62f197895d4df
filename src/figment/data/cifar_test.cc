#include "figment/data/cifar.h"

#include "figment/data/outside_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

std::string batch(std::initializer_list<int> labels) {
  std::string bytes;
  for (const int label : labels) {
    bytes += static_cast<char>(label);
    for (int i = 0; i < 3072; ++i) bytes += static_cast<char>(i / 1024 * 50 + i % 32 + label);
  }
  return bytes;
}

TEST(Cifar, ReadsBatchesInOrder) {
  TemporaryFolder folder;
  const auto first = folder.write("1.bin", batch({3, 9})),
             second = folder.write("2.bin", batch({0}));
  const auto set = read_cifar({first, second});
  EXPECT_EQ(set.x.sizes(), torch::IntArrayRef({3, 3, 32, 32}));
  EXPECT_TRUE(torch::equal(set.label, torch::tensor({3, 9, 0}, torch::kLong)));
  EXPECT_EQ(set.spec.text(), "image 3x32x32, 10 classes");
  EXPECT_EQ(set.spec.classes[3], "cat");
  // The blue value of the third pixel in the fifth row of the second image.
  EXPECT_EQ(set.x[1][2][4][2].item<int>(), 2 * 50 + 2 + 9);
}

TEST(Cifar, RefusesDamageWithItsOffset) {
  TemporaryFolder folder;
  const auto good = folder.write("good.bin", batch({1}));
  const auto long_one = folder.write("long.bin", batch({1, 2}) + "xy");
  EXPECT_TRUE(refuses(
      [&] {
        read_cifar({good, long_one});
      },
      "long.bin: offset 6146] expected CIFAR-10 records of 3073 bytes, got 2 bytes"));
  const auto label = folder.write("label.bin", batch({1, 10, 200}));
  EXPECT_TRUE(refuses(
      [&] {
        read_cifar({good, label});
      },
      "label.bin: offset 3073] expected a label 0..9, got 10"));
  const auto empty = folder.write("empty.bin", "");
  EXPECT_TRUE(refuses([&] { read_cifar({empty}); }, "empty.bin: offset 0]"));
  ReadOptions small;
  small.max_bytes = 5000;
  EXPECT_TRUE(refuses([&] { read_cifar({good, good}, small); }, "more than the"));
  EXPECT_TRUE(is_cifar(batch({0, 9})));
  EXPECT_FALSE(is_cifar(batch({0, 10})));
  EXPECT_FALSE(is_cifar(""));
}

}  // namespace
}  // namespace figment
