// Noise by example, from the counter-based generators.
#include "figment/nn/noise.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/kernels/normal.h"

namespace figment {
namespace {

// Calls fill(rows, begin) for pieces of the rows, in parallel.
template <class Fill>
void for_pieces(const RandomRows& all, const Fill& fill) {
  constexpr std::int64_t kGrain = 16384;  // numbers, about 50 us
  const auto grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, all.row));
  at::parallel_for(0, all.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    RandomRows piece = all;
    piece.rows = end - begin;
    piece.first_stream += static_cast<std::uint64_t>(begin);
    fill(piece, begin * all.row);
  });
}

torch::Tensor empty(std::int64_t n, at::IntArrayRef shape) {
  std::vector<std::int64_t> sizes = {n};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return torch::empty(sizes, torch::kFloat32);
}

RandomRows rows_of(const torch::Tensor& x, std::uint64_t seed, std::int64_t first) {
  const auto n = x.size(0);
  return {n, n == 0 ? 0 : x.numel() / n, seed, static_cast<std::uint64_t>(first)};
}

}  // namespace

Noise::Noise(std::uint64_t seed, std::int64_t first, std::int64_t n, torch::Device device)
    : seed_(seed), first_(first), n_(n), device_(device) {
  FIGMENT_CHECK(first >= 0 && n >= 0);
}

torch::Tensor Noise::normal(at::IntArrayRef shape) {
  const auto out = empty(n_, shape);
  auto* data = out.data_ptr<float>();
  for_pieces(rows_of(out, mix(seed_, draws_++), first_),
             [data](const RandomRows& rows, std::int64_t at) { fill_normal(data + at, rows); });
  return out.to(device_);
}

torch::Tensor Noise::uniform(at::IntArrayRef shape) {
  const auto out = empty(n_, shape);
  auto* data = out.data_ptr<float>();
  for_pieces(rows_of(out, mix(seed_, draws_++), first_),
             [data](const RandomRows& rows, std::int64_t at) { fill_uniform(data + at, rows); });
  return out.to(device_);
}

torch::Tensor Noise::bernoulli(const torch::Tensor& p) {
  FIGMENT_CHECK(p.size(0) == n_);
  const auto probability = p.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const auto out = torch::empty_like(probability);
  const auto* from = probability.data_ptr<float>();
  auto* data = out.data_ptr<float>();
  for_pieces(rows_of(out, mix(seed_, draws_++), first_),
             [from, data](const RandomRows& rows, std::int64_t at) {
               fill_bernoulli(data + at, from + at, rows);
             });
  return out.to(device_);
}

}  // namespace figment
