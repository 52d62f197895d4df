#include "figment/nn/convolution.h"

namespace figment {

torch::Tensor conv2d(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                     const ConvolutionGeometry& geometry) {
  if (winograd_takes(x, weight, x.sizes(), geometry))
    return winograd_convolution(x, weight, bias, geometry);
  return torch::conv2d(x, weight, bias, geometry.stride, geometry.padding);
}

Conv2dImpl::Conv2dImpl(std::int64_t in, std::int64_t out, std::int64_t kernel,
                       const ConvolutionGeometry& geometry, bool has_bias)
    : torch::nn::Conv2dImpl(torch::nn::Conv2dOptions(in, out, kernel)
                                .stride(geometry.stride)
                                .padding(geometry.padding)
                                .bias(has_bias)),
      geometry_(geometry) {}

torch::Tensor Conv2dImpl::forward(const torch::Tensor& x) { return with_weight(weight, x); }

torch::Tensor Conv2dImpl::with_weight(const torch::Tensor& other, const torch::Tensor& x) const {
  return conv2d(x, other, bias, geometry_);
}

}  // namespace figment
