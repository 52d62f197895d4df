#include "figment/eval/bits.h"

#include <ATen/Parallel.h>

#include <vector>

#include "figment/core/error.h"
#include "figment/kernels/hamming.h"

namespace figment {
namespace {

std::uint64_t* words_of(const torch::Tensor& tensor) {
  return reinterpret_cast<std::uint64_t*>(tensor.data_ptr<int64_t>());
}

}  // namespace

const std::uint64_t* PackedBits::row(int64_t i) const {
  return words_of(words) + i * words.size(1);
}

PackedBits pack(const torch::Tensor& codes) {
  FIGMENT_CHECK(codes.dim() == 2 && codes.scalar_type() == torch::kByte);
  FIGMENT_CHECK(codes.size(1) >= 1 && codes.size(1) <= kLongestCode);
  const auto bytes = codes.contiguous();
  PackedBits out{bytes.size(1),
                 torch::empty({bytes.size(0), hamming_words(bytes.size(1))}, torch::kLong)};
  pack_bits(bytes.data_ptr<std::uint8_t>(), bytes.size(0), bytes.size(1), words_of(out.words));
  return out;
}

Neighbours nearest(const PackedBits& references, const PackedBits& queries, int64_t k) {
  const auto n = references.size(), m = queries.size();
  FIGMENT_CHECK(references.bits == queries.bits && k >= 1 && k <= n);
  Neighbours out{torch::empty({m, k}, torch::kLong), torch::empty({m, k}, torch::kFloat)};
  auto* index = out.index.data_ptr<int64_t>();
  auto* distance = out.distance.data_ptr<float>();
  at::parallel_for(0, m, 1, [&](int64_t begin, int64_t end) {
    std::vector<std::uint16_t> near(static_cast<std::size_t>(k)), all(static_cast<std::size_t>(n));
    std::vector<int64_t> counts(static_cast<std::size_t>(references.bits + 1));
    for (int64_t i = begin; i < end; ++i) {
      hamming_nearest(queries.row(i), references.row(0), n, references.bits, k, index + i * k,
                      near.data(), all.data(), counts.data());
      for (int64_t j = 0; j < k; ++j)
        distance[i * k + j] = static_cast<float>(near[static_cast<std::size_t>(j)]);
    }
  });
  return out;
}

}  // namespace figment
