// A linear layer with its bias and its nonlinearity as one operator.
#pragma once

#include <torch/torch.h>

#include <optional>

#include "figment/nn/activation.h"
#include "figment/nn/normalization.h"

namespace figment {

// f(x W^T + b): x [n, in], weight [out, in], bias [out] or undefined for none, f the activation or
// nothing. [n, out]. On the CPU, float or double, the threads divide the products themselves, and
// each adds the bias and applies f to its share while it is in the cache; likewise backward.
// Elsewhere, for other activations than relu, leaky_relu, tanh, sigmoid and silu, where a
// PrecisionScope lowers products, and without fast_paths() by LibTorch's operators. Gradients may
// be differentiated again.
torch::Tensor activated_linear(const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias,
                               std::optional<Activation> activation = std::nullopt);
torch::Tensor activated_linear(const torch::Tensor& x, const torch::nn::Linear& layer,
                               std::optional<Activation> activation = std::nullopt);

// f(norm(x W^T + b)).
torch::Tensor normalized_linear(const torch::Tensor& x, const torch::Tensor& weight,
                                const torch::Tensor& bias, Normalizer& norm, Activation activation);

}  // namespace figment
