// Codes of bits, packed, and their nearest neighbours by Hamming distance.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/eval/nearest.h"

namespace figment {

struct PackedBits {
  int64_t bits = 0;     // of a code
  torch::Tensor words;  // [n, words a code] int64, as kernels/hamming.h lays them out

  int64_t size() const { return words.size(0); }
  const std::uint64_t* row(int64_t i) const;
};

// Codes [n, bits] uint8 of 0 and 1, on the CPU.
PackedBits pack(const torch::Tensor& codes);

// The k nearest of `references` to each of `queries`, 1 <= k <= n; those at one distance in their
// order. Exact, by counting.
Neighbours nearest(const PackedBits& references, const PackedBits& queries, int64_t k);

}  // namespace figment
