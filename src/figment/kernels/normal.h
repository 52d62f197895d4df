// Random numbers from counters, many at a time: the streams of core/random.h, vectorised.
//
// Words are those of Philox4x32-10 (Salmon et al. 2011): word k of a stream is word k % 4 of the
// cipher of the counter (k / 4, stream) under the key `seed`, which is what Philox(seed, stream)
// returns from u32() as its k-th number. Row r of an array is the beginning of stream
// first_stream + r, so a row does not depend on how many rows are filled with it. The words are the
// same on every machine; the normals may differ in the last bits between instruction sets.
#pragma once

#include <cstdint>

namespace figment {

// An array [rows, row] of which row r is drawn from (seed, first_stream + r).
struct RandomRows {
  std::int64_t rows = 1;
  std::int64_t row = 0;
  std::uint64_t seed = 0;
  std::uint64_t first_stream = 0;
};

// The words themselves.
void fill_words(std::uint32_t* out, const RandomRows& where);

// Uniform in [0, 1): the upper 24 bits of a word, times 2^-24.
void fill_uniform(float* out, const RandomRows& where);

// Standard normal by the method of Box & Muller (1958): words 2k and 2k + 1 give normals 2k and
// 2k + 1. The radius comes from 31 bits, so no value is beyond 6.56; absolute error below 1e-6.
void fill_normal(float* out, const RandomRows& where);

// 1 with probability p[i], else 0: out[i] = fill_uniform's number i < p[i]. p: [rows, row] in
// [0, 1]; p may be out.
void fill_bernoulli(float* out, const float* p, const RandomRows& where);

// One row from one stream.
inline void fill_normal(float* out, std::int64_t n, std::uint64_t seed, std::uint64_t stream) {
  fill_normal(out, RandomRows{1, n, seed, stream});
}
inline void fill_uniform(float* out, std::int64_t n, std::uint64_t seed, std::uint64_t stream) {
  fill_uniform(out, RandomRows{1, n, seed, stream});
}

}  // namespace figment
