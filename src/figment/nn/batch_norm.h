// Batch normalization of a training batch of maps with its nonlinearity as one operator.
#pragma once

#include <torch/torch.h>

#include <optional>

#include "figment/nn/activation.h"

namespace figment {

struct BatchNormed {
  torch::Tensor y;               // f(z), as x
  torch::Tensor mean, variance;  // [channels], of the batch, the latter biased; without a gradient
};

// z = (x - mean) / sqrt(variance + epsilon) gamma + beta, each channel over examples and places
// (Ioffe & Szegedy 2015, algorithm 1), and f(z), f the activation or nothing. x [n, channels,
// height, width], gamma and beta [channels], float or double. Gradients may be differentiated
// again.
BatchNormed batch_norm(const torch::Tensor& x, const torch::Tensor& gamma,
                       const torch::Tensor& beta, double epsilon,
                       std::optional<Activation> activation);

// Whether batch_norm() is for such an x and activation, and faster there than LibTorch's operators
// one by one: maps on the CPU, plane by plane and not by channels_last, and fast_paths().
bool batch_norm_takes(const torch::Tensor& x, std::optional<Activation> activation);

}  // namespace figment
