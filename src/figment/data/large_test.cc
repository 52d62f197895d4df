#include "figment/data/large.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "figment/core/error.h"
#include "figment/core/testing.h"
#include "figment/core/testing_variable.h"
#include "figment/data/image_codec.h"
#include "figment/data/image_folder.h"
#include "figment/data/loader.h"

namespace figment {
namespace {

using testing::Variable;

// The lines of /proc/self/maps that name a file in `folder`.
int mappings_in(const std::filesystem::path& folder) {
  std::ifstream maps("/proc/self/maps");
  int found = 0;
  for (std::string line; std::getline(maps, line);)
    found += line.find(folder.string()) != std::string::npos ? 1 : 0;
  return found;
}

class Large : public ::testing::Test {
 protected:
  testing::ScratchFolder folder_;
  Variable where_{"TMPDIR", folder_.path().c_str()};
  Variable memory_{"FIGMENT_SET_MEMORY", "1K"};
};

TEST_F(Large, LiesInAFileWithoutANameForAsLongAsItIsHeld) {
  {
    auto x = room_for({300, 7}, torch::kByte);
    EXPECT_TRUE(is_large(x));
    EXPECT_EQ(mappings_in(folder_.path()), 1);
    EXPECT_TRUE(testing::names_in(folder_.path()).empty());
    const auto numbers = torch::randint(0, 256, {300, 7}, torch::kByte);
    x.copy_(numbers);
    const auto view = x.narrow(0, 100, 10);  // holds the file as well
    x = torch::Tensor();
    EXPECT_EQ(mappings_in(folder_.path()), 1);
    EXPECT_TRUE(torch::equal(view, numbers.narrow(0, 100, 10)));
  }
  EXPECT_EQ(mappings_in(folder_.path()), 0);
  const auto small = room_for({1024}, torch::kByte);
  EXPECT_FALSE(is_large(small));
  EXPECT_EQ(mappings_in(folder_.path()), 0);
}

TEST_F(Large, RowsAreThoseOfATensorInMemory) {
  const auto x = torch::randn({200, 5});
  const auto index = torch::randperm(200).narrow(0, 0, 150);
  const auto rows = rows_of(x, index);
  EXPECT_TRUE(is_large(rows));
  EXPECT_TRUE(torch::equal(rows, x.index_select(0, index)));
  EXPECT_TRUE(torch::equal(rows_of(rows, index.remainder(150)),
                           rows.index_select(0, index.remainder(150))));
  EXPECT_TRUE(torch::equal(rows_joined(rows, x), torch::cat({rows, x})));
  EXPECT_EQ(mappings_in(folder_.path()), 1);
}

TEST_F(Large, BatchesAreThoseOfATensorInMemory) {
  for (const auto type : {torch::kByte, torch::kFloat}) {
    Dataset set;
    const bool image = type == torch::kByte;
    set.spec = {image ? Modality::kImage : Modality::kVector, {1, 9, 9}, {}};
    if (!image) set.spec.shape = {81};
    auto sizes = set.spec.shape;
    sizes.insert(sizes.begin(), 100);
    auto on_disk = set;
    set.x = torch::randint(0, 256, sizes, type);
    on_disk.x = room_for(sizes, type);
    on_disk.x.copy_(set.x);
    Loader one(set, Scaling(), {16, true, 3, torch::kCPU});
    Loader other(on_disk, Scaling(), {16, true, 3, torch::kCPU});
    for (int64_t epoch = 0; epoch < 2; ++epoch)
      for (int64_t i = 0; i < one.batches(); ++i)
        EXPECT_TRUE(torch::equal(one.batch(epoch, i).x, other.batch(epoch, i).x));
  }
}

TEST_F(Large, FoldersOfImagesMayBeLargerThanMemory) {
  const testing::ScratchFolder images;
  for (int i = 0; i < 30; ++i)
    testing::spill(images / (std::to_string(10 + i) + ".png"),
                   encode_png(torch::full({1, 8, 8}, 7 * i, torch::kByte)));
  const auto set = read_image_folder(images.path()).train;
  EXPECT_EQ(mappings_in(folder_.path()), 1);
  for (int64_t i = 0; i < 30; ++i) EXPECT_TRUE((set.x[i] == 7 * i).all().item<bool>());
  const auto some = set.select(torch::arange(5, 29));
  EXPECT_EQ(mappings_in(folder_.path()), 2);
  EXPECT_TRUE(torch::equal(some.x, set.x.narrow(0, 5, 24)));
}

TEST_F(Large, SaysWhatIsMissing) {
  const auto says = [](const std::function<void()>& action, const std::string& words) {
    const auto outcome = testing::outcome_of(action);
    EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
    return outcome.code;
  };
  const auto ask = [] { room_for({4096}, torch::kByte); };
  {
    const Variable nowhere("TMPDIR", "/no/such/folder");
    EXPECT_EQ(says(ask, "[/no/such/folder] no file can be made for 4.0 KiB of examples"),
              exit_code(Cause::kIo));
  }
  EXPECT_EQ(says([] { room_for({int64_t{1} << 60}, torch::kByte); }, "there is no room for"),
            exit_code(Cause::kIo));
  EXPECT_TRUE(testing::names_in(folder_.path()).empty());
  for (const auto* wrong : {"much", "-1", "5T", "99999999999999999999", "20000000000G"}) {
    const Variable memory("FIGMENT_SET_MEMORY", wrong);
    EXPECT_EQ(says(ask, "expected a number of bytes such as 500M or 2G, got '"),
              exit_code(Cause::kConfig));
  }
  const Variable enough("FIGMENT_SET_MEMORY", "4096");
  EXPECT_FALSE(is_large(room_for({4096}, torch::kByte)));
}

}  // namespace
}  // namespace figment
