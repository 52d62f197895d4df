// A convolution by the fastest way there is for its sizes.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/nn/winograd.h"

namespace figment {

// What torch::conv2d computes, without groups and dilation; differentiable any number of times.
//   x [n, in, h, w], weight [out, in, kernel, kernel], bias [out] or undefined
//   -> [n, out, floor((h + 2 padding - kernel) / stride) + 1, ..].
torch::Tensor conv2d(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                     const ConvolutionGeometry& geometry);

// LibTorch's layer with the same parameters, computed by conv2d.
class Conv2dImpl : public torch::nn::Conv2dImpl {
 public:
  Conv2dImpl(std::int64_t in, std::int64_t out, std::int64_t kernel,
             const ConvolutionGeometry& geometry, bool has_bias = true);
  torch::Tensor forward(const torch::Tensor& x);
  // With other weights in the place of its own.
  torch::Tensor with_weight(const torch::Tensor& other, const torch::Tensor& x) const;

 private:
  ConvolutionGeometry geometry_;
};
TORCH_MODULE(Conv2d);

}  // namespace figment
