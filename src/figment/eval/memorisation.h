// Whether samples are copies of what a model learned from.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

inline constexpr int64_t kMemorisationNeighbours = 5;

struct NearestTraining {
  torch::Tensor distance;  // [n] float32, Euclidean, to the nearest training example
  // [n] float32: that distance over the mean of the distances to the next 5 (as many as there are).
  // About 1 for anything new, also for what is blurred and so near to everything; near 0 for a
  // copy. After Carlini et al., "Extracting training data from diffusion models", 2023, section
  // 4.2, whose distance is measured against the neighbours in the same way.
  torch::Tensor ratio;
};

// Examples [n, d] against training examples [m, d], both float32, m >= 2. With `same` they are the
// same examples, and none is compared with itself (m >= 3).
NearestTraining nearest_training(const torch::Tensor& training, const torch::Tensor& examples,
                                 bool same = false);

// A ratio up to this is taken for a copy.
inline constexpr double kCopyRatio = 0.5;
// [n] double, 1: taken for a copy.
torch::Tensor copies(const NearestTraining& nearest);

}  // namespace figment
