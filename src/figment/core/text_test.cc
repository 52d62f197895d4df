#include "figment/core/text.h"

#include <gtest/gtest.h>

#include "figment/core/counted.h"

namespace figment {
namespace {

TEST(Text, FindsTheNearestWord) {
  EXPECT_EQ(nearest("latnet_dim", {"hidden", "latent_dim", "beta"}), "latent_dim");
  EXPECT_EQ(nearest("vea", {"pca", "vae"}), "vae");
  EXPECT_EQ(nearest("vea", {"vae", "pca"}), "vae");
  EXPECT_EQ(nearest("zzz", {"hidden", "latent_dim", "beta"}), "");
  EXPECT_EQ(did_you_mean("bta", {"hidden", "beta"}), "; did you mean 'beta'?");
}

TEST(Text, WritesNumbersThatReadBack) {
  EXPECT_EQ(number(0.001), "0.001");
  EXPECT_EQ(number(3), "3.0");
  EXPECT_EQ(shortest(1e6), "1000000");
  EXPECT_EQ(shortest(-0.5), "-0.5");
  EXPECT_EQ(std::stod(number(0.1 + 0.2)), 0.1 + 0.2);
}

TEST(Text, SaysDurationsAndSizes) {
  EXPECT_EQ(duration(3.14), "3.1 s");
  EXPECT_EQ(duration(59), "59 s");
  EXPECT_EQ(duration(184), "3 min 04 s");
  EXPECT_EQ(duration(3720), "1 h 02 min");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
}

TEST(Text, CountsInTheRightNumber) {
  EXPECT_EQ(counted(1, "thread"), "1 thread");
  EXPECT_EQ(counted(2, "thread"), "2 threads");
  EXPECT_EQ(counted(0, "thread"), "0 threads");
}

TEST(Text, ShowsForeignBytesHarmlessly) {
  EXPECT_EQ(printable("a\nb\xff"), "a\\x0ab\\xff");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace figment
