// Series of varying length in one padded tensor: which steps are real, and the real part turned.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// In all of these `length` is [n] int64 in 1..T, the steps of each series that are real, or
// undefined when all are whole.

// [n, T, 1] of the options of `like`: 1 where a step is real, 0 where it is padding.
torch::Tensor real_steps(const torch::Tensor& length, int64_t n, int64_t steps,
                         const torch::TensorOptions& like);

// x [n, T, D] with the real part of each series in reverse order; the padding stays where it is.
// Its own inverse.
torch::Tensor reversed_steps(const torch::Tensor& x, const torch::Tensor& length);

// x [T, n, D] -> [n, D]: of each series its last real step.
torch::Tensor last_step(const torch::Tensor& x, const torch::Tensor& length);

}  // namespace figment
