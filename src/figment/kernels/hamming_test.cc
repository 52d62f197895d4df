#include "figment/kernels/hamming.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace figment {
namespace {

struct Codes {
  std::int64_t n, bits;
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint64_t> words;

  const std::uint8_t* row(std::int64_t i) const { return bytes.data() + i * bits; }
};

Codes random_codes(std::int64_t n, std::int64_t bits, unsigned seed) {
  std::mt19937 random(seed);
  Codes codes{n, bits, std::vector<std::uint8_t>(static_cast<std::size_t>(n * bits)), {}};
  for (auto& byte : codes.bytes) byte = static_cast<std::uint8_t>(random() & 1);
  // Rubbish, to see that all is written.
  codes.words.assign(static_cast<std::size_t>(n * hamming_words(bits)), ~std::uint64_t{0});
  pack_bits(codes.bytes.data(), n, bits, codes.words.data());
  return codes;
}

TEST(Hamming, PacksBitsFromTheLowestOn) {
  std::vector<std::uint8_t> bytes(2 * 66, 0);
  bytes[0] = bytes[5] = bytes[63] = bytes[65] = 1;
  bytes[66 + 64] = 1;
  std::vector<std::uint64_t> words(4, 7);
  pack_bits(bytes.data(), 2, 66, words.data());
  EXPECT_EQ(words, (std::vector<std::uint64_t>{1 | 1 << 5 | std::uint64_t{1} << 63, 2, 0, 1}));
}

TEST(Hamming, DistancesAndNeighboursAreThoseOfSortingAllByHand) {
  for (const std::int64_t bits : {1, 7, 32, 63, 64, 65, 128, 129, 200}) {
    const auto codes = random_codes(301, bits, static_cast<unsigned>(bits));
    const auto query = random_codes(1, bits, 9999);
    std::vector<std::uint16_t> wanted;
    for (std::int64_t i = 0; i < codes.n; ++i)
      wanted.push_back(static_cast<std::uint16_t>(
          std::inner_product(codes.row(i), codes.row(i) + bits, query.row(0), 0, std::plus<>(),
                             std::not_equal_to<>())));
    std::vector<std::uint16_t> distance(wanted.size());
    hamming_distances(query.words.data(), codes.words.data(), codes.n, hamming_words(bits),
                      distance.data());
    ASSERT_EQ(distance, wanted) << bits;

    std::vector<std::int64_t> order(wanted.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return wanted[static_cast<std::size_t>(a)] < wanted[static_cast<std::size_t>(b)];
    });
    for (const std::int64_t k : {1, 2, 10, 300, 301}) {
      // One more than needed, to see that nothing is written beyond the end.
      std::vector<std::int64_t> index(static_cast<std::size_t>(k + 1), -7);
      std::vector<std::uint16_t> at(index.size(), 777), scratch(wanted.size());
      std::vector<std::int64_t> counts(static_cast<std::size_t>(bits + 1));
      hamming_nearest(query.words.data(), codes.words.data(), codes.n, bits, k, index.data(),
                      at.data(), scratch.data(), counts.data());
      EXPECT_EQ(index.back(), -7);
      EXPECT_EQ(at.back(), 777);
      index.pop_back();
      ASSERT_EQ(index, std::vector<std::int64_t>(order.begin(), order.begin() + k))
          << bits << " bits, " << k;
      for (std::size_t j = 0; j < index.size(); ++j)
        ASSERT_EQ(at[j], wanted[static_cast<std::size_t>(index[j])]);
    }
  }
}

}  // namespace
}  // namespace figment
