// Convolutions of 3x3 as matrix products: the surroundings of every pixel as a row, and back. Where
// a layer has few channels on one side, that is faster than oneDNN's convolution
// (docs/performance.md says by how much).
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// x [n, C, H, W] -> [n * H * W, 9 * C]: for each pixel the 3x3 about it of each channel, 0 beyond
// the edge; in the order of a convolution's weight [out, C, 3, 3]. On the CPU, float or double; the
// gradient has no derivative of its own.
torch::Tensor patches(const torch::Tensor& x);

// The other way round: rows [n * H * W, 9 * C] of what each pixel adds to the 3x3 about it, summed.
// [n, C, H, W].
torch::Tensor from_patches(const torch::Tensor& rows, int64_t n, int64_t channels, int64_t height,
                           int64_t width);

// The weight [out, C, 3, 3] of a convolution as the matrix [9 * out, C] with
// conv2d(h, weight, padding 1) = from_patches(rows of h times its transpose).
torch::Tensor spreading_weight(const torch::Tensor& weight);

}  // namespace figment
