// How much of a set of samples lies among the real ones, and the other way round. Precision and
// recall: Kynkaanniemi et al., "Improved precision and recall metric for assessing generative
// models", 2019, equations 1 and 2. Density and coverage: Naeem et al., "Reliable fidelity and
// diversity metrics for generative models", 2020, equations 4 and 6.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

inline constexpr int64_t kPrdcNeighbours = 5;

// Every example has a ball about it that reaches to its k-th nearest neighbour of its own set, not
// counting itself; what lies at that very distance is outside. The numbers are the means of these.
struct Prdc {
  torch::Tensor precise;   // [m] double, 1: the sample is in the ball of a real example
  torch::Tensor recalled;  // [n] double, 1: the real example is in the ball of a sample
  torch::Tensor dense;     // [m] double, balls of real examples about the sample, over k
  torch::Tensor covered;   // [n] double, 1: a sample is in the ball of the real example
};

// real [n, d], samples [m, d] float32, n and m > k. Distances are compared in double where float32
// could not tell; memory does not grow with n times m.
Prdc prdc(const torch::Tensor& real, const torch::Tensor& samples, int64_t k = kPrdcNeighbours);

}  // namespace figment
