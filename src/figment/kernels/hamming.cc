// Packed codes and their Hamming distances.
#include "figment/kernels/hamming.h"

#include <algorithm>

#include "figment/kernels/clones.h"

namespace figment {
namespace {

// With the number of words known the inner loop is unrolled; codes of one or two words are most.
template <std::int64_t kWords>
inline __attribute__((always_inline)) void distances_of(const std::uint64_t* __restrict query,
                                                        const std::uint64_t* __restrict codes,
                                                        std::int64_t n,
                                                        std::uint16_t* __restrict distance) {
  for (std::int64_t i = 0; i < n; ++i) {
    int sum = 0;
    for (std::int64_t w = 0; w < kWords; ++w)
      sum += __builtin_popcountll(query[w] ^ codes[i * kWords + w]);
    distance[i] = static_cast<std::uint16_t>(sum);
  }
}

FIGMENT_CLONES
void distances_loop(const std::uint64_t* __restrict query, const std::uint64_t* __restrict codes,
                    std::int64_t n, std::int64_t words, std::uint16_t* __restrict distance) {
  if (words == 1) return distances_of<1>(query, codes, n, distance);
  if (words == 2) return distances_of<2>(query, codes, n, distance);
  for (std::int64_t i = 0; i < n; ++i) {
    int sum = 0;
    for (std::int64_t w = 0; w < words; ++w)
      sum += __builtin_popcountll(query[w] ^ codes[i * words + w]);
    distance[i] = static_cast<std::uint16_t>(sum);
  }
}

}  // namespace

void pack_bits(const std::uint8_t* bytes, std::int64_t n, std::int64_t bits, std::uint64_t* words) {
  const auto row = hamming_words(bits);
  std::fill(words, words + n * row, 0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < bits; ++j)
      words[i * row + j / 64] |= static_cast<std::uint64_t>(bytes[i * bits + j] & 1) << (j % 64);
}

void hamming_distances(const std::uint64_t* query, const std::uint64_t* codes, std::int64_t n,
                       std::int64_t words, std::uint16_t* distance) {
  distances_loop(query, codes, n, words, distance);
}

void hamming_nearest(const std::uint64_t* query, const std::uint64_t* codes, std::int64_t n,
                     std::int64_t bits, std::int64_t k, std::int64_t* index,
                     std::uint16_t* distance, std::uint16_t* scratch, std::int64_t* counts) {
  hamming_distances(query, codes, n, hamming_words(bits), scratch);
  std::fill(counts, counts + bits + 1, 0);
  for (std::int64_t i = 0; i < n; ++i) ++counts[scratch[i]];
  // From how many lie at a distance to where the first of them goes; beyond `farthest` none does.
  std::int64_t before = 0;
  std::uint16_t farthest = 0;
  for (std::int64_t d = 0; d <= bits && before < k; ++d) {
    const auto here = counts[d];
    counts[d] = before;
    before += here;
    farthest = static_cast<std::uint16_t>(d);
  }
  for (std::int64_t i = 0; i < n; ++i) {
    if (scratch[i] > farthest) continue;
    const auto place = counts[scratch[i]]++;
    if (place >= k) continue;  // the farthest of them are more than are wanted
    index[place] = i;
    distance[place] = scratch[i];
  }
}

}  // namespace figment
