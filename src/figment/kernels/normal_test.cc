#include "figment/kernels/normal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "figment/core/random.h"

namespace figment {
namespace {

constexpr std::uint64_t kSeed = 0x0123456789abcdef;
// Near the end of the lower 32 bits, so that the carry into the upper ones is met.
constexpr std::uint64_t kStream = 0xfffffff9;

std::size_t size_of(const RandomRows& where) {
  return static_cast<std::size_t>(where.rows * where.row);
}

std::vector<float> normals(const RandomRows& where) {
  std::vector<float> out(size_of(where));
  fill_normal(out.data(), where);
  return out;
}

// Short, odd and long rows, groups that are full and groups that are not.
const std::vector<RandomRows> kShapes = {
    {1, 1, kSeed, 0},         {1, 256, kSeed, kStream}, {1, 1003, kSeed, kStream},
    {40, 1, kSeed, kStream},  {129, 5, kSeed, kStream}, {9, 20, kSeed, kStream},
    {3, 257, kSeed, kStream}, {0, 5, kSeed, 1},         {5, 0, kSeed, 1}};

// The words are those of the scalar generator, which is held to Random123's known answers.
TEST(RandomRows, WordsAreTheScalarStreams) {
  for (const auto& where : kShapes) {
    std::vector<std::uint32_t> words(size_of(where) + 1, 42);
    fill_words(words.data(), where);
    std::size_t at = 0;
    for (std::int64_t r = 0; r < where.rows; ++r) {
      Philox random(where.seed, where.first_stream + static_cast<std::uint64_t>(r));
      for (std::int64_t k = 0; k < where.row; ++k) ASSERT_EQ(words[at++], random.u32());
    }
    EXPECT_EQ(words.back(), 42u);  // nothing beyond the end
  }
}

// Random123 1.14, kat_vectors: philox 4x32, 10 rounds, counter and key all zero.
TEST(RandomRows, KnownAnswer) {
  std::uint32_t words[4];
  fill_words(words, {1, 4, 0, 0});
  EXPECT_EQ(words[0], 0x6627e8d5u);
  EXPECT_EQ(words[1], 0xe169c58du);
  EXPECT_EQ(words[2], 0xbc57ac4cu);
  EXPECT_EQ(words[3], 0x9b00dbd8u);
}

TEST(RandomRows, UniformsAndNormalsAreThoseOfTheWords) {
  for (const auto& where : kShapes) {
    const auto n = size_of(where);
    // The words of whole pairs, since an odd row ends with half of one.
    RandomRows even = where;
    even.row = (where.row + 1) / 2 * 2;
    std::vector<std::uint32_t> words(size_of(even));
    fill_words(words.data(), even);
    std::vector<float> uniform(n);
    fill_uniform(uniform.data(), where);
    const auto normal = normals(where);
    for (std::int64_t r = 0; r < where.rows; ++r) {
      for (std::int64_t k = 0; k < where.row; ++k) {
        const auto* word = &words[static_cast<std::size_t>(r * even.row)];
        const auto at = static_cast<std::size_t>(r * where.row + k);
        ASSERT_EQ(uniform[at], static_cast<float>(word[k] >> 8) * 0x1p-24F);
        const auto* pair = word + k / 2 * 2;
        const double u = ((pair[0] >> 1) + 1.0) * 0x1p-31;
        const double angle = pair[1] * (2 * 3.14159265358979323846 * 0x1p-32);
        const double expected =
            std::sqrt(-2 * std::log(u)) * (k % 2 ? std::sin(angle) : std::cos(angle));
        ASSERT_NEAR(normal[at], expected, 1e-6);
      }
    }
  }
}

TEST(RandomRows, RowsDoNotDependOnTheirNeighbours) {
  for (const std::int64_t row : {1, 4, 7, 300}) {
    const auto all = normals({20, row, kSeed, 100});
    for (std::int64_t r = 0; r < 20; ++r) {
      const auto alone = normals({1, row, kSeed, 100 + static_cast<std::uint64_t>(r)});
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + r * row));
    }
    // A longer row begins with the shorter one.
    const auto longer = normals({1, row + 5, kSeed, 100});
    EXPECT_TRUE(std::equal(longer.begin(), longer.begin() + row, all.begin()));
  }
}

// Kolmogorov-Smirnov's distance of 1,000,000 normals: 1.95 / 1000 is exceeded once in a thousand
// seeds, and this seed is fixed.
TEST(RandomRows, NormalsAreNormal) {
  auto x = normals({1000, 1000, 7, 0});
  double mean = 0, square = 0, fourth = 0, product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean += x[i] * 1e-6;
    square += std::pow(x[i], 2) * 1e-6;
    fourth += std::pow(x[i], 4) * 1e-6;
    if (i % 2 == 1) product += x[i] * x[i - 1] * 2e-6;
  }
  EXPECT_NEAR(mean, 0, 4e-3);
  EXPECT_NEAR(square, 1, 6e-3);
  EXPECT_NEAR(fourth, 3, 4e-2);
  EXPECT_NEAR(product, 0, 6e-3);
  std::sort(x.begin(), x.end());
  double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    distance = std::max(distance, std::abs(0.5 * std::erfc(-x[i] / std::sqrt(2.0)) -
                                           (static_cast<double>(i) + 0.5) * 1e-6));
  EXPECT_LT(distance, 1.95e-3);
}

TEST(RandomRows, BernoulliHasItsProbabilities) {
  const RandomRows where{1000, 7, 3, 0};
  std::vector<float> p(size_of(where)), out(size_of(where));
  const std::vector<float> of_column = {0, 0.1F, 0.25F, 0.5F, 0.75F, 0.9F, 1};
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = of_column[i % 7];
  fill_bernoulli(out.data(), p.data(), where);
  std::vector<double> ones(7);
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_TRUE(out[i] == 0 || out[i] == 1);
    ones[i % 7] += out[i];
  }
  EXPECT_EQ(ones[0], 0);
  EXPECT_EQ(ones[6], 1000);
  for (std::size_t k = 1; k < 6; ++k)  // four standard deviations
    EXPECT_NEAR(ones[k] / 1000, of_column[k], 4 * std::sqrt(0.25 / 1000));
  fill_bernoulli(p.data(), p.data(), where);  // in place
  EXPECT_EQ(p, out);
}

}  // namespace
}  // namespace figment
