// Encoders and decoders: convolutions of stride 2, then linear layers; and the mirror image.
#include "figment/nn/coders.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/nn/linear.h"
#include "figment/nn/resampling.h"

namespace figment {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr double kTaps = 16;  // of a kernel

// A limit for sanity, 16 GiB of weights; what a machine really holds is for it to say.
constexpr double kMaxParameters = 0x1p32;

std::int64_t count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::string text(const Shape& shape) {
  std::vector<std::string> parts;
  for (const auto size : shape) parts.push_back(std::to_string(size));
  return "[" + join(parts, ", ") + "]";
}

// The sizes that the convolutions pass through: shape itself, then one for each of `channels`.
std::vector<Shape> trunk_of(const Shape& shape, const CoderConfig& config) {
  std::vector<Shape> sizes = {shape};
  if (config.network == Network::kConv)
    for (const auto channels : config.channels)
      sizes.push_back({channels, sizes.back()[1] / 2, sizes.back()[2] / 2});
  return sizes;
}

void initialize_linear(torch::nn::Linear& layer, const Activation* activation) {
  const auto& weight = layer->weight;  // [out, in]
  const auto fan_in = static_cast<double>(weight.size(1));
  const auto fan_out = static_cast<double>(weight.size(0));
  if (activation != nullptr)
    initialize(weight, *activation, fan_in, fan_out);
  else
    initialize_output(weight, fan_in, fan_out);
  if (layer->bias.defined()) torch::nn::init::zeros_(layer->bias);
}

// A bias before batch normalization would be taken off again with the mean.
bool has_bias(const CoderConfig& config) { return config.normalization != Normalization::kBatch; }

torch::nn::Linear hidden_linear(std::int64_t in, std::int64_t out, const CoderConfig& config,
                                bool bias) {
  torch::nn::Linear layer(torch::nn::LinearOptions(in, out).bias(bias));
  initialize_linear(layer, &config.activation);
  return layer;
}

torch::nn::Linear output_linear(std::int64_t in, std::int64_t out) {
  torch::nn::Linear layer(in, out);
  initialize_linear(layer, nullptr);
  return layer;
}

// Weights of the convolutions and the linear layers next to them and each other.
double parameters_of(const Shape& shape, const CoderConfig& config) {
  const auto trunk = trunk_of(shape, config);
  double total = 0;
  for (std::size_t i = 1; i < trunk.size(); ++i)
    total += kTaps * static_cast<double>(trunk[i - 1][0]) * static_cast<double>(trunk[i][0]);
  auto width = static_cast<double>(count(trunk.back()));
  for (const auto next : config.hidden) {
    total += width * static_cast<double>(next);
    width = static_cast<double>(next);
  }
  return total;
}

}  // namespace

void CoderConfig::check(const Problems::Scope& scope) const {
  if (network == Network::kConv && channels.empty())
    scope.add("channels", "expected at least one entry with network = \"conv\", got none");
}

void check_coder(const CoderConfig& config, const Shape& shape, const Problems::Scope& scope) {
  if (config.network == Network::kConv) {
    if (shape.size() != 3) {
      scope.add("network", "expected examples [channels, height, width] for \"conv\", got " +
                               text(shape) + "; use \"mlp\"");
      return;
    }
    const auto side = std::min(shape[1], shape[2]);
    std::size_t halvings = 0;
    for (auto left = side; left >= 2; left /= 2) ++halvings;
    if (config.channels.size() > halvings) {
      scope.add("channels", "expected at most " + std::to_string(halvings) +
                                " entries for examples " + text(shape) +
                                ", since each halves height and width, got " +
                                std::to_string(config.channels.size()));
      return;
    }
  }
  const double parameters = parameters_of(shape, config);
  if (parameters > kMaxParameters)
    scope.add("hidden", "expected at most " + shortest(kMaxParameters) + " parameters, got " +
                            shortest(parameters) + " for examples " + text(shape) +
                            "; use fewer or narrower layers");
}

EncoderImpl::EncoderImpl(Shape shape, const CoderConfig& config, std::int64_t outputs)
    : shape_(std::move(shape)), activation_(config.activation) {
  const auto trunk = trunk_of(shape_, config);
  for (std::size_t i = 1; i < trunk.size(); ++i) {
    const auto name = "convolution" + std::to_string(i);
    convolutions_.push_back(register_module(
        name, halving(trunk[i - 1][0], trunk[i][0], config.activation, has_bias(config))));
    convolution_norms_.push_back(
        register_module(name + "_norm", Normalizer(config.normalization, trunk[i][0])));
  }
  auto width = count(trunk.back());
  for (std::size_t i = 0; i < config.hidden.size(); ++i) {
    const auto name = "hidden" + std::to_string(i + 1);
    hidden_.push_back(
        register_module(name, hidden_linear(width, config.hidden[i], config, has_bias(config))));
    width = config.hidden[i];
    hidden_norms_.push_back(
        register_module(name + "_norm", Normalizer(config.normalization, width)));
  }
  output_ = register_module("output", output_linear(width, outputs));
}

torch::Tensor EncoderImpl::forward(const torch::Tensor& x) {
  FIGMENT_CHECK(x.sizes().slice(1) == at::IntArrayRef(shape_));
  auto h = x;
  for (std::size_t i = 0; i < convolutions_.size(); ++i)
    h = convolution_norms_[i]->activated(convolutions_[i](h), activation_);
  h = h.flatten(1);
  for (std::size_t i = 0; i < hidden_.size(); ++i)
    h = normalized_linear(h, hidden_[i]->weight, hidden_[i]->bias, hidden_norms_[i], activation_);
  return activated_linear(h, output_);
}

DecoderImpl::DecoderImpl(std::int64_t latent, const CoderConfig& config, Shape shape,
                         std::int64_t k)
    : activation_(config.activation) {
  auto trunk = trunk_of(shape, config);
  shape[0] *= k;
  trunk[0][0] *= k;
  output_ = std::move(shape);
  trunk_ = trunk.back();
  auto width = latent;
  for (std::size_t i = config.hidden.size(); i-- > 0;) {
    const auto name = "hidden" + std::to_string(config.hidden.size() - i);
    hidden_.push_back(
        register_module(name, hidden_linear(width, config.hidden[i], config, has_bias(config))));
    width = config.hidden[i];
    hidden_norms_.push_back(
        register_module(name + "_norm", Normalizer(config.normalization, width)));
  }
  if (trunk.size() == 1) {
    last_linear_ = register_module("output", output_linear(width, count(trunk_)));
    return;
  }
  // This bias is one per position, which a normalization per channel does not take off.
  last_linear_ = register_module("trunk", hidden_linear(width, count(trunk_), config, true));
  trunk_norm_ = register_module("trunk_norm", Normalizer(config.normalization, trunk_[0]));
  for (std::size_t i = trunk.size() - 1; i > 0; --i) {
    const bool last = i == 1;
    const auto name =
        last ? std::string("output") : "convolution" + std::to_string(trunk.size() - i);
    convolutions_.push_back(
        register_module(name, doubling(trunk[i][0], trunk[i - 1][0], trunk[i - 1],
                                       last ? nullptr : &activation_, last || has_bias(config))));
    if (!last)
      convolution_norms_.push_back(
          register_module(name + "_norm", Normalizer(config.normalization, trunk[i - 1][0])));
  }
}

torch::Tensor DecoderImpl::forward(const torch::Tensor& z) {
  auto h = z;
  for (std::size_t i = 0; i < hidden_.size(); ++i)
    h = normalized_linear(h, hidden_[i]->weight, hidden_[i]->bias, hidden_norms_[i], activation_);
  h = activated_linear(h, last_linear_);
  if (!convolutions_.empty()) {
    h = h.view({h.size(0), trunk_[0], trunk_[1], trunk_[2]});
    h = trunk_norm_->activated(h, activation_);
    for (std::size_t i = 0; i < convolution_norms_.size(); ++i)
      h = convolution_norms_[i]->activated(apply_doubling(convolutions_[i], h), activation_);
    return apply_doubling(convolutions_.back(), h);
  }
  std::vector<std::int64_t> sizes = {h.size(0)};
  sizes.insert(sizes.end(), output_.begin(), output_.end());
  return h.view(sizes);
}

}  // namespace figment
