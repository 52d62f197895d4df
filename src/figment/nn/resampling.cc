// Halving and doubling the sides of maps.
#include "figment/nn/resampling.h"

#include "figment/core/error.h"
#include "figment/nn/conv_transpose.h"

namespace figment {
namespace {

// A kernel of 4 with stride 2 and padding 1 maps a size s to floor(s / 2), and its transpose back
// to 2 floor(s / 2) plus an output padding of s mod 2.
constexpr std::int64_t kKernel = 4, kStride = 2, kPadding = 1;
constexpr double kTaps = kKernel * kKernel;

}  // namespace

Conv2d halving(std::int64_t in, std::int64_t out, Activation activation, bool bias) {
  Conv2d layer(in, out, kKernel, ConvolutionGeometry{kStride, kPadding}, bias);
  // An input reaches (kernel / stride)^2 outputs of each channel.
  initialize(layer->weight, activation, static_cast<double>(in) * kTaps,
             static_cast<double>(out) * kTaps / (kStride * kStride));
  if (layer->bias.defined()) torch::nn::init::zeros_(layer->bias);
  return layer;
}

torch::nn::ConvTranspose2d doubling(std::int64_t in, std::int64_t out,
                                    const std::vector<std::int64_t>& to,
                                    const Activation* activation, bool bias) {
  torch::nn::ConvTranspose2d layer(torch::nn::ConvTranspose2dOptions(in, out, kKernel)
                                       .stride(kStride)
                                       .padding(kPadding)
                                       .output_padding({to[1] % 2, to[2] % 2})
                                       .bias(bias));
  const double fan_in = static_cast<double>(in) * kTaps / (kStride * kStride);
  const double fan_out = static_cast<double>(out) * kTaps;
  if (activation == nullptr)
    initialize_output(layer->weight, fan_in, fan_out);
  else
    initialize(layer->weight, *activation, fan_in, fan_out);
  if (layer->bias.defined()) torch::nn::init::zeros_(layer->bias);
  return layer;
}

torch::Tensor apply_doubling(torch::nn::ConvTranspose2d& layer, const torch::Tensor& x) {
  const auto& padding = layer->options.output_padding();
  return conv_transpose2d(x, layer->weight, layer->bias, kStride, kPadding,
                          {padding->at(0), padding->at(1)});
}

Pooled max_pool(const torch::Tensor& x) {
  const auto [y, index] = at::max_pool2d_with_indices(x, {2, 2});
  // Windows begin at even rows and columns, and an index counts the pixels of the map.
  const auto row = index.div(x.size(3), "floor").remainder(2);
  const auto column = index.remainder(x.size(3)).remainder(2);
  return {y, 2 * row + column};
}

torch::Tensor max_unpool(const torch::Tensor& x, const torch::Tensor& switches, std::int64_t height,
                         std::int64_t width) {
  FIGMENT_CHECK(height / 2 == x.size(2) && width / 2 == x.size(3));
  const auto rows = 2 * torch::arange(x.size(2), switches.options()).view({-1, 1});
  const auto columns = 2 * torch::arange(x.size(3), switches.options());
  const auto index = (rows + switches.div(2, "floor")) * width + columns + switches.remainder(2);
  return at::max_unpool2d(x, index, {height, width});
}

}  // namespace figment
