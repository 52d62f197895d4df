// Philox against the published vectors, and the distributions drawn from it.
#include "figment/core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <set>

namespace figment {
namespace {

using Block = std::array<std::uint32_t, 4>;

// Random123 1.14.0, tests/kat_vectors, lines "philox4x32 10".
TEST(Philox, AnswersTheKnownVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, CountsBlocksUnderSeedAndStream) {
  Philox random(0x299f31d0a4093822, 0x0370734413198a2e);
  const Block first = philox({0, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  const Block second = philox({1, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  for (const auto word : first) EXPECT_EQ(random.u32(), word);
  EXPECT_EQ(random.u64(), second[0] | static_cast<std::uint64_t>(second[1]) << 32);
}

TEST(Philox, StreamsAndSeedsDiffer) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 30; ++seed)
    for (std::uint64_t stream = 0; stream < 30; ++stream) seen.insert(Philox(seed, stream).u64());
  EXPECT_EQ(seen.size(), 900U);
}

TEST(Philox, UniformHasItsMomentsAndRange) {
  Philox random(1);
  constexpr int kDraws = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 1.0 / 2, 0.003);  // 4.6 standard errors
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.003);
}

TEST(Philox, NormalHasItsMomentsAndTails) {
  Philox random(2);
  constexpr int kDraws = 200000;
  double moment[5] = {};
  double neighbours = 0, previous = 0;
  int beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = random.normal();
    for (int k = 1; k <= 4; ++k) moment[k] += std::pow(z, k) / kDraws;
    neighbours += z * previous / kDraws;
    beyond_two += std::abs(z) > 2;
    previous = z;
  }
  EXPECT_NEAR(moment[1], 0, 0.01);
  EXPECT_NEAR(moment[2], 1, 0.015);
  EXPECT_NEAR(moment[3], 0, 0.04);
  EXPECT_NEAR(moment[4], 3, 0.1);
  EXPECT_NEAR(neighbours, 0, 0.01);
  EXPECT_NEAR(beyond_two / static_cast<double>(kDraws), 0.0455, 0.002);
}

TEST(Philox, BoundedIntegersAreEven) {
  Philox random(3);
  for (const std::uint64_t n : {1U, 2U, 7U, 10U}) {
    std::map<std::uint64_t, int> count;
    for (int i = 0; i < 70000; ++i) ++count[random.below(n)];
    ASSERT_EQ(count.size(), n);
    EXPECT_LT(count.rbegin()->first, n);
    const double expected = 70000.0 / static_cast<double>(n);
    for (const auto& [value, times] : count)
      EXPECT_NEAR(times, expected, 5 * std::sqrt(expected)) << value << " of " << n;
  }
}

// With n = 3 * 2^62 plain remainders would give the lower third twice the weight.
TEST(Philox, BoundedIntegersAreUnbiasedNearTheTop) {
  Philox random(4);
  const std::uint64_t third = 1ULL << 62;
  int lower = 0;
  for (int i = 0; i < 30000; ++i) lower += random.below(3 * third) < third;
  EXPECT_NEAR(lower, 10000, 400);
}

TEST(Mix, GivesUnrelatedSeeds) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 40; ++a)
    for (std::uint64_t b = 0; b < 40; ++b) seen.insert(mix(5, a, b));
  EXPECT_EQ(seen.size(), 1600U);
  EXPECT_EQ(mix(5, 6, 7), mix(5, 6, 7));
  EXPECT_NE(mix(5, 6, 7), mix(5, 7, 6));
  EXPECT_NE(mix(5, 6, 7), mix(6, 6, 7));
  EXPECT_NE(mix(5, 0, 7), Philox(5, 7).u64());
}

TEST(Permutation, HoldsEveryNumberOnceAndIsAFunctionOfSeedAndEpoch) {
  const auto order = permutation(1000, 1, 2);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t i = 0; i < 1000; ++i) ASSERT_EQ(sorted[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(order, permutation(1000, 1, 2));
  EXPECT_NE(order, permutation(1000, 1, 3));
  EXPECT_NE(order, permutation(1000, 2, 2));
}

TEST(Permutation, EveryOrderIsEquallyLikely) {
  std::map<std::vector<std::int64_t>, int> count;
  for (std::uint64_t epoch = 0; epoch < 24000; ++epoch) ++count[permutation(4, 9, epoch)];
  ASSERT_EQ(count.size(), 24U);
  for (const auto& [order, times] : count) EXPECT_NEAR(times, 1000, 160);
}

TEST(Permutation, SmallSizes) {
  EXPECT_TRUE(permutation(0, 1, 1).empty());
  EXPECT_TRUE(permutation(-3, 1, 1).empty());
  EXPECT_EQ(permutation(1, 1, 1), std::vector<std::int64_t>{0});
}

TEST(Permutation, IsFast) {
  const auto start = std::chrono::steady_clock::now();
  constexpr int kTimes = 20;
  std::int64_t sum = 0;
  for (int i = 0; i < kTimes; ++i) sum += permutation(70000, 1, static_cast<std::uint64_t>(i))[0];
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  RecordProperty("checksum", static_cast<int>(sum));
  const double each = elapsed.count() / kTimes;
  std::printf("an order of 70,000 takes %.2f ms\n", each);
  EXPECT_LT(each, 100);  // a busy machine is slow; only a wrong algorithm is this slow
}

}  // namespace
}  // namespace figment
