// Linear layers, then maps whose sides double until they are an image.
#include "figment/nn/generator.h"

#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "figment/core/error.h"
#include "figment/nn/linear.h"
#include "figment/nn/resampling.h"

namespace figment {
namespace {

constexpr std::int64_t kPlainKernel = 3, kPlainTaps = kPlainKernel * kPlainKernel;

std::int64_t count(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

// The coder with the same layers, which says the same of shapes.
CoderConfig coder_of(const GeneratorConfig& config) {
  CoderConfig coder;
  coder.network = config.network;
  coder.channels = config.channels;
  coder.hidden = {config.hidden.rbegin(), config.hidden.rend()};
  return coder;
}

// `activation` is null where none follows.
void initialize_layer(const torch::Tensor& weight, const torch::Tensor& bias,
                      const Activation* activation, std::int64_t fan_in, std::int64_t fan_out) {
  if (activation != nullptr)
    initialize(weight, *activation, static_cast<double>(fan_in), static_cast<double>(fan_out));
  else
    initialize_output(weight, static_cast<double>(fan_in), static_cast<double>(fan_out));
  if (bias.defined()) torch::nn::init::zeros_(bias);
}

torch::nn::Linear linear_layer(std::int64_t in, std::int64_t out, const Activation* activation,
                               bool bias) {
  torch::nn::Linear layer(torch::nn::LinearOptions(in, out).bias(bias));
  initialize_layer(layer->weight, layer->bias, activation, in, out);
  return layer;
}

Conv2d convolution(std::int64_t in, std::int64_t out, const Activation* activation, bool bias) {
  Conv2d layer(in, out, kPlainKernel, ConvolutionGeometry{1, 1}, bias);
  initialize_layer(layer->weight, layer->bias, activation, in * kPlainTaps, out * kPlainTaps);
  return layer;
}

}  // namespace

void GeneratorConfig::check(const Problems::Scope& scope) const { coder_of(*this).check(scope); }

void check_generator(const GeneratorConfig& config, const std::vector<std::int64_t>& shape,
                     const Problems::Scope& scope) {
  check_coder(coder_of(config), shape, scope);
}

GeneratorImpl::GeneratorImpl(std::int64_t inputs, const GeneratorConfig& config,
                             std::vector<std::int64_t> shape)
    : shape_(std::move(shape)), activation_(config.activation) {
  const auto norm = config.normalization;
  const bool bias = norm != Normalization::kBatch;  // whose mean would take it off again
  const auto* activation = &config.activation;
  auto width = inputs;
  for (std::size_t i = 0; i < config.hidden.size(); ++i) {
    const auto name = "hidden" + std::to_string(i + 1);
    linears_.push_back(
        register_module(name, linear_layer(width, config.hidden[i], activation, bias)));
    width = config.hidden[i];
    norms_.push_back(register_module(name + "_norm", Normalizer(norm, width)));
  }
  if (config.network == Network::kMlp) {
    linears_.push_back(
        register_module("output", linear_layer(width, count(shape_), nullptr, true)));
    return;
  }
  std::vector<std::vector<std::int64_t>> sizes = {shape_};  // from the image inwards
  for (const auto channels : config.channels)
    sizes.push_back({channels, sizes.back()[1] / 2, sizes.back()[2] / 2});
  trunk_ = sizes.back();
  // This bias is one per position, which a normalization per channel does not take off.
  linears_.push_back(
      register_module("trunk", linear_layer(width, count(trunk_), activation, true)));
  norms_.push_back(register_module("trunk_norm", Normalizer(norm, trunk_[0])));
  for (std::size_t i = sizes.size() - 1; i > 0; --i) {
    const bool last = i == 1;
    const auto name = last ? "output" : "doubling" + std::to_string(sizes.size() - i);
    const auto in = sizes[i][0], out = sizes[i - 1][0];
    const auto* follows = last ? nullptr : activation;
    Doubling layer;
    layer.to = {sizes[i - 1][1], sizes[i - 1][2]};
    if (config.upsampling == Upsampling::kTransposed)
      layer.transposed =
          register_module(name, doubling(in, out, sizes[i - 1], follows, last || bias));
    else
      layer.plain = register_module(name, convolution(in, out, follows, last || bias));
    doublings_.push_back(layer);
    if (!last) norms_.push_back(register_module(name + "_norm", Normalizer(norm, out)));
  }
}

torch::Tensor GeneratorImpl::double_sides(Doubling& layer, const torch::Tensor& x) {
  if (layer.transposed) return apply_doubling(layer.transposed, x);
  return layer.plain(at::upsample_nearest2d(x, layer.to));
}

torch::Tensor GeneratorImpl::forward(const torch::Tensor& z) {
  std::size_t at = 0;  // normalizations passed
  const auto pass = [&](const torch::Tensor& sum) {
    return norms_[at++]->activated(sum, activation_);
  };
  auto h = z;
  for (; at + 1 < linears_.size(); ++at)
    h = normalized_linear(h, linears_[at]->weight, linears_[at]->bias, norms_[at], activation_);
  h = activated_linear(h, linears_.back());
  std::vector<std::int64_t> sizes = {z.size(0)};
  if (trunk_.empty()) {
    sizes.insert(sizes.end(), shape_.begin(), shape_.end());
    return h.view(sizes);
  }
  h = pass(h.view({z.size(0), trunk_[0], trunk_[1], trunk_[2]}));
  for (std::size_t i = 0; i + 1 < doublings_.size(); ++i) h = pass(double_sides(doublings_[i], h));
  return double_sides(doublings_.back(), h);
}

}  // namespace figment
