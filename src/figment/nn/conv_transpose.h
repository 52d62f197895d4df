// A transposed convolution that is as fast as the convolution it transposes.
#pragma once

#include <torch/torch.h>

namespace figment {

// What torch::conv_transpose2d computes, without groups and dilation; differentiable any number of
// times. LibTorch 1.13 does not send that operator to oneDNN on a CPU, but it does so send the
// gradient of a convolution with respect to its input, which is the same sum.
//   x: [n, in, h, w]; weight: [in, out, kernel, kernel]; bias: [out] or undefined
//   -> [n, out, (h - 1) * stride - 2 * padding + kernel + output_padding[0], ...].
torch::Tensor conv_transpose2d(const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, int64_t stride, int64_t padding,
                               at::IntArrayRef output_padding);

}  // namespace figment
