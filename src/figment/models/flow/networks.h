// The networks inside a flow's layers: what they compute need not be inverted, only evaluated.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/nn/activation.h"
#include "figment/nn/convolution.h"

namespace figment::models {

// What the networks of all layers of one flow have in common.
struct FlowNetworkOptions {
  std::vector<int64_t> hidden;  // widths of the hidden layers, at least one
  Activation activation = Activation::kRelu;
  int64_t condition = 0;  // width of the condition; 0 for none
};

// From one half of an example to the parameters of the map of the other. x [n, in] -> [n, out], or
// x [n, in, H, W] -> [n, out, H, W] by a 3x3 convolution, 1x1 convolutions, and a 3x3 convolution
// (Kingma & Dhariwal 2018, section 4). The last layer starts at zero, and the layer as the
// identity.
class FlowNetworkImpl : public torch::nn::Module {
 public:
  FlowNetworkImpl(int64_t in, int64_t out, bool convolutional, const FlowNetworkOptions& options);
  // condition [n, options.condition], undefined for none.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition);

 private:
  // The same by matrix products over the rows of all examples and pixels.
  torch::Tensor by_rows(const torch::Tensor& x, const torch::Tensor& condition);

  bool convolutional_;
  Activation activation_;
  std::vector<torch::nn::Linear> linear_;
  std::vector<Conv2d> convolutions_;
  torch::nn::Linear condition_{nullptr};
};
TORCH_MODULE(FlowNetwork);

// The same with masked weights: what is given out for element i depends on the elements before i
// alone (Germain et al., "MADE", 2015), or behind i when `reversed`, and for every element on the
// condition. x [n, in] -> [n, in, k].
class MaskedNetworkImpl : public torch::nn::Module {
 public:
  MaskedNetworkImpl(int64_t in, int64_t k, bool reversed, const FlowNetworkOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition);

 private:
  int64_t k_;
  Activation activation_;
  std::vector<torch::nn::Linear> linear_;
  std::vector<torch::Tensor> masks_;  // [out, in] of each
  torch::nn::Linear condition_{nullptr};
};
TORCH_MODULE(MaskedNetwork);

}  // namespace figment::models
