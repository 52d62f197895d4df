// Philox4x32-10 on many counters at once, and what is drawn from its words.
#include "figment/kernels/normal.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "figment/kernels/clones.h"

namespace figment {
namespace {

// Counters are taken in groups of this many; a group's words are [4, kGroup], so that each of the
// four is a plain vector.
constexpr int kGroup = 64;
struct Group {
  std::uint32_t word[4][kGroup];
};

inline __attribute__((always_inline)) void encipher(Group& group, std::uint64_t seed) {
  auto key0 = static_cast<std::uint32_t>(seed);
  auto key1 = static_cast<std::uint32_t>(seed >> 32);
  std::uint32_t* __restrict a = group.word[0];
  std::uint32_t* __restrict b = group.word[1];
  std::uint32_t* __restrict c = group.word[2];
  std::uint32_t* __restrict d = group.word[3];
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kGroup; ++i) {
      const std::uint64_t even = std::uint64_t{0xD2511F53} * a[i];
      const std::uint64_t odd = std::uint64_t{0xCD9E8D57} * c[i];
      a[i] = static_cast<std::uint32_t>(odd >> 32) ^ b[i] ^ key0;
      b[i] = static_cast<std::uint32_t>(odd);
      c[i] = static_cast<std::uint32_t>(even >> 32) ^ d[i] ^ key1;
      d[i] = static_cast<std::uint32_t>(even);
    }
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

// ln(x) for a positive normal x: x = 2^e y with y in [sqrt(1/2), sqrt(2)), and ln(y) = 2 atanh(s)
// with s = (y - 1) / (y + 1), |s| < 0.172, by its series to s^9.
inline __attribute__((always_inline)) float log_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  constexpr std::uint32_t kRootHalf = 0x3F3504F3;
  const std::uint32_t shifted = bits - kRootHalf;
  const auto exponent = static_cast<float>(static_cast<std::int32_t>(shifted) >> 23);
  const std::uint32_t reduced = (shifted & 0x007FFFFF) + kRootHalf;
  float y;
  std::memcpy(&y, &reduced, sizeof y);
  const float s = (y - 1) / (y + 1);
  const float t = s * s;
  const float series = 1 + t * (1 / 3.0F + t * (1 / 5.0F + t * (1 / 7.0F + t * (1 / 9.0F))));
  return exponent * 0.693147180559945F + 2 * s * series;
}

// Two words to two normals. The angle is 2 pi u with u = word / 2^32: its quadrant is taken from
// the word's upper bits exactly, and the rest lies in [-pi/4, pi/4), where Taylor's series serve.
inline __attribute__((always_inline)) void box_muller(std::uint32_t first, std::uint32_t second,
                                                      float& one, float& two) {
  const float u = (static_cast<float>(static_cast<std::int32_t>(first >> 1)) + 1) * 0x1p-31F;
  const float radius = std::sqrt(std::max(0.0F, -2 * log_of(u)));
  const std::uint32_t quadrant = (second + 0x20000000U) >> 30;
  const auto rest = static_cast<std::int32_t>(second - (quadrant << 30));  // in [-2^29, 2^29)
  const float angle = static_cast<float>(rest) * (1.57079632679489662F * 0x1p-30F);
  const float t = angle * angle;
  const float sine =
      angle * (1 + t * (-1 / 6.0F + t * (1 / 120.0F + t * (-1 / 5040.0F + t * (1 / 362880.0F)))));
  const float cosine =
      1 + t * (-1 / 2.0F + t * (1 / 24.0F + t * (-1 / 720.0F + t * (1 / 40320.0F))));
  const bool swap = (quadrant & 1) != 0;
  const float x = swap ? sine : cosine;
  const float y = swap ? cosine : sine;
  one = radius * (((quadrant + 1) & 2) != 0 ? -x : x);
  two = radius * ((quadrant & 2) != 0 ? -y : y);
}

// The three kinds of output of a group, [4, kGroup] each, in place of its words.
FIGMENT_CLONES
void words_of(Group& group, std::uint64_t seed, std::uint32_t (*__restrict out)[kGroup]) {
  encipher(group, seed);
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < kGroup; ++i) out[k][i] = group.word[k][i];
}

FIGMENT_CLONES
void uniforms_of(Group& group, std::uint64_t seed, float (*__restrict out)[kGroup]) {
  encipher(group, seed);
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < kGroup; ++i)
      out[k][i] = static_cast<float>(static_cast<std::int32_t>(group.word[k][i] >> 8)) * 0x1p-24F;
}

FIGMENT_CLONES
void normals_of(Group& group, std::uint64_t seed, float (*__restrict out)[kGroup]) {
  encipher(group, seed);
  for (int k = 0; k < 4; k += 2)
    for (int i = 0; i < kGroup; ++i)
      box_muller(group.word[k][i], group.word[k + 1][i], out[k][i], out[k + 1][i]);
}

// Walks over all blocks of all rows a group at a time, whatever the length of a row: short rows
// would otherwise leave most of a group empty. A group is always computed whole, so a value does
// not depend on where in a group it falls. `finish` turns a value and its place into what is kept.
template <class T, class Transform, class Finish>
void fill(T* out, const RandomRows& where, Transform transform, Finish finish) {
  const std::int64_t blocks_per_row = (where.row + 3) / 4;
  const std::int64_t blocks = blocks_per_row * where.rows;
  Group group;
  T values[4][kGroup];
  std::int64_t row = 0, block = 0;  // of the next counter
  for (std::int64_t done = 0; done < blocks; done += kGroup) {
    const int used = static_cast<int>(std::min<std::int64_t>(kGroup, blocks - done));
    std::int64_t begin[kGroup], end[kGroup];  // where a block's values go
    for (int i = 0; i < kGroup; ++i) {
      const std::uint64_t stream = where.first_stream + static_cast<std::uint64_t>(row);
      group.word[0][i] = static_cast<std::uint32_t>(block);
      group.word[1][i] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(block) >> 32);
      group.word[2][i] = static_cast<std::uint32_t>(stream);
      group.word[3][i] = static_cast<std::uint32_t>(stream >> 32);
      begin[i] = row * where.row + block * 4;
      end[i] = std::min(begin[i] + 4, (row + 1) * where.row);
      if (++block == blocks_per_row) {
        block = 0;
        ++row;
      }
    }
    transform(group, where.seed, values);
    for (int i = 0; i < used; ++i)
      for (std::int64_t at = begin[i]; at < end[i]; ++at)
        out[at] = finish(values[at - begin[i]][i], at);
  }
}

// Keeps a value as it is.
struct Same {
  template <class T>
  T operator()(T value, std::int64_t) const {
    return value;
  }
};

}  // namespace

void fill_words(std::uint32_t* out, const RandomRows& where) { fill(out, where, words_of, Same()); }

void fill_uniform(float* out, const RandomRows& where) { fill(out, where, uniforms_of, Same()); }

void fill_normal(float* out, const RandomRows& where) { fill(out, where, normals_of, Same()); }

void fill_bernoulli(float* out, const float* p, const RandomRows& where) {
  fill(out, where, uniforms_of,
       [p](float uniform, std::int64_t at) { return uniform < p[at] ? 1.0F : 0.0F; });
}

}  // namespace figment
