// Noise that belongs to examples, not to batches.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// Draws for the n examples number first, first + 1, ... What example first + i gets depends only on
// (seed, first + i, how many draws came before), so it is the same whatever the batch size and the
// number of threads, and nothing needs saving for a resumed run. The draws of a Noise are unrelated
// to one another. Give each step of training a seed of its own: mix(seed, step).
//
//   Noise noise(mix(seed, step), batch.first, n, device);
//   const auto epsilon = noise.normal({latent_dim});  // [n, latent_dim]
class Noise {
 public:
  Noise(std::uint64_t seed, std::int64_t first, std::int64_t n, torch::Device device = torch::kCPU);

  // Standard normal, float32. `shape` is that of one example; the result is [n, shape...].
  torch::Tensor normal(at::IntArrayRef shape);
  // Uniform in [0, 1), float32, [n, shape...].
  torch::Tensor uniform(at::IntArrayRef shape);
  // 1 with probability p, else 0. p: [n, ...] in [0, 1], any floating type; the result is float32
  // and of the same shape.
  torch::Tensor bernoulli(const torch::Tensor& p);

  std::int64_t size() const { return n_; }

 private:
  std::uint64_t seed_;
  std::int64_t first_, n_;
  torch::Device device_;
  std::uint64_t draws_ = 0;
};

}  // namespace figment
