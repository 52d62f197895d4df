// Whether samples are copies of what a model learned from.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/eval/pca.h"

namespace figment {

inline constexpr int64_t kMemorisationNeighbours = 5;

// Examples as a set holds them. What is compared is made of a few at a time, so that however many
// there are, their numbers are never all in memory.
struct HeldRows {
  torch::Tensor x{};      // [m, ...]
  torch::Tensor index{};  // [n] int64, which rows of x; undefined: all
  Numbers numbers{};      // of some rows; empty: x [m, d] float32 are the numbers

  int64_t size() const { return index.defined() ? index.size(0) : x.size(0); }
  int64_t at_once() const;                                 // rows whose numbers may be held
  torch::Tensor some(int64_t first, int64_t count) const;  // [count, d] float32
};

struct NearestTraining {
  torch::Tensor distance;  // [n] float32, Euclidean, to the nearest training example
  // [n] float32: that distance over the mean of the distances to the next 5 (as many as there are).
  // About 1 for anything new, also for what is blurred and so near to everything; near 0 for a
  // copy. After Carlini et al., "Extracting training data from diffusion models", 2023, section
  // 4.2, whose distance is measured against the neighbours in the same way.
  torch::Tensor ratio;
};

// n examples against m training examples, m >= 2. `own` [n] int64: they are these of the training
// examples, and none is compared with itself (m >= 3); undefined: they are none of them.
NearestTraining nearest_training(const HeldRows& training, const HeldRows& examples,
                                 const torch::Tensor& own = {});

// A ratio up to this is taken for a copy.
inline constexpr double kCopyRatio = 0.5;
// [n] double, 1: taken for a copy.
torch::Tensor copies(const NearestTraining& nearest);

}  // namespace figment
