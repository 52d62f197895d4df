// Codes of bits packed into words, and their nearest neighbours by Hamming distance.
//
// A code of `bits` bits takes hamming_words(bits) words of 64; bit j is bit j % 64 of word j / 64,
// and the bits of the last word beyond the code are 0.
#pragma once

#include <cstdint>

namespace figment {

// The longest code: distances are counted in 16 bits.
inline constexpr std::int64_t kLongestCode = 65535;

constexpr std::int64_t hamming_words(std::int64_t bits) { return (bits + 63) / 64; }

// bytes: [n, bits], each 0 or 1 -> words: [n, hamming_words(bits)].
void pack_bits(const std::uint8_t* bytes, std::int64_t n, std::int64_t bits, std::uint64_t* words);

// distance[i] = number of bits in which code i differs from the query. query: [words], codes:
// [n, words].
void hamming_distances(const std::uint64_t* query, const std::uint64_t* codes, std::int64_t n,
                       std::int64_t words, std::uint16_t* distance);

// The k codes nearest to the query, nearest first and those at one distance in their order: index,
// distance: [k], 1 <= k <= n. Selected by counting how many codes lie at each distance, so that it
// takes as long for any k. scratch: [n] and counts: [bits + 1] are room for it to work in; it
// leaves all distances in `scratch`.
void hamming_nearest(const std::uint64_t* query, const std::uint64_t* codes, std::int64_t n,
                     std::int64_t bits, std::int64_t k, std::int64_t* index,
                     std::uint16_t* distance, std::uint16_t* scratch, std::int64_t* counts);

}  // namespace figment
