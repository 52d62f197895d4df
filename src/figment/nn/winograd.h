// Convolutions and their transposes by Winograd's algorithm (kernels/winograd).
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// A convolution's stride and padding, the same both ways.
struct ConvolutionGeometry {
  std::int64_t stride = 1, padding = 0;
};

// Whether the algorithm computes the convolution of x [n, in, H, W] with weight [out, in, k, k], or
// the transpose that takes y [n, out, h, w] back to such an x, and is the faster way: for kernels
// of 3 (stride 1) and 4 (stride 2), of many channels, on a CPU, in float; in double too, for tests.
bool winograd_takes(const torch::Tensor& like, const torch::Tensor& weight, at::IntArrayRef x_size,
                    const ConvolutionGeometry& geometry);

// torch::conv2d(x, weight, bias, ..) and what torch::conv_transpose2d(y, weight, ..) makes of size
// [n, in, height, width], differentiable any number of times. The result lies as its argument does,
// plane by plane or channels side by side. Rounding errors are a few times those of the sums
// themselves; what is no number spreads over a tile of 4 x 4 outputs.
torch::Tensor winograd_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                                   const torch::Tensor& bias, const ConvolutionGeometry& geometry);
torch::Tensor winograd_transposed(const torch::Tensor& y, const torch::Tensor& weight,
                                  std::int64_t height, std::int64_t width,
                                  const ConvolutionGeometry& geometry);

}  // namespace figment
