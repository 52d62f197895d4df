// Convolutional networks whose narrowest layer is a map.
#include "figment/nn/map_coder.h"

#include <algorithm>
#include <string>

#include "figment/core/error.h"
#include "figment/nn/resampling.h"

namespace figment {
namespace {

constexpr double kTaps = 9;

// A bias before batch normalization would be taken off again with the mean.
bool has_bias(const MapCoderConfig& config) {
  return config.normalization != Normalization::kBatch;
}

// 3 x 3, to a map of the same size. `seen` is the share of its inputs that are not 0 by design;
// `activation` is null where none follows.
Conv2d same_size(int64_t in, int64_t out, const Activation* activation, bool bias,
                 double seen = 1) {
  Conv2d layer(in, out, 3, ConvolutionGeometry{1, 1}, bias);
  const double fan_in = seen * static_cast<double>(in) * kTaps;
  const double fan_out = static_cast<double>(out) * kTaps;
  if (activation == nullptr)
    initialize_output(layer->weight, fan_in, fan_out);
  else
    initialize(layer->weight, *activation, fan_in, fan_out);
  if (layer->bias.defined()) torch::nn::init::zeros_(layer->bias);
  return layer;
}

std::string numbered(const char* name, std::size_t number) { return name + std::to_string(number); }

}  // namespace

void MapCoderConfig::check(const Problems::Scope& scope) const {
  if (channels.empty()) scope.add("channels", "expected at least one entry, got none");
  if (up == MapUpsampling::kUnpool && down != Downsampling::kMaxPool)
    scope.add("up",
              "expected down = \"max_pool\" with \"unpool\", which undoes it, got \"stride\"");
}

bool check_levels(const MapCoderConfig& config, const std::vector<int64_t>& image,
                  const Problems::Scope& scope) {
  std::size_t halvings = 0;
  for (auto side = std::min(image[1], image[2]); side >= 2; side /= 2) ++halvings;
  if (config.channels.size() <= halvings) return true;
  scope.add("channels", "expected at most " + std::to_string(halvings) + " levels for image " +
                            std::to_string(image[0]) + "x" + std::to_string(image[1]) + "x" +
                            std::to_string(image[2]) +
                            ", since each halves height and width, got " +
                            std::to_string(config.channels.size()));
  return false;
}

std::vector<std::array<int64_t, 3>> levels_of(const std::vector<int64_t>& image,
                                              const MapCoderConfig& config) {
  std::vector<std::array<int64_t, 3>> levels = {{image[0], image[1], image[2]}};
  for (const auto channels : config.channels)
    levels.push_back({channels, levels.back()[1] / 2, levels.back()[2] / 2});
  return levels;
}

MapEncoderImpl::MapEncoderImpl(const std::vector<int64_t>& image, const MapCoderConfig& config,
                               int64_t code_channels)
    : config_(config) {
  const auto levels = levels_of(image, config);
  for (std::size_t i = 1; i < levels.size(); ++i) {
    const auto in = levels[i - 1][0], out = levels[i][0];
    const bool bias = has_bias(config);
    convolutions_.push_back(register_module(numbered("convolution", i),
                                            config.down == Downsampling::kStride
                                                ? halving(in, out, config.activation, bias)
                                                : same_size(in, out, &config.activation, bias)));
    norms_.push_back(register_module(numbered("norm", i), Normalizer(config.normalization, out)));
  }
  output_ = register_module("output", same_size(levels.back()[0], code_channels, nullptr, true));
}

MapCode MapEncoderImpl::forward(const torch::Tensor& x) {
  MapCode code;
  auto h = x;
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    h = activate(config_.activation, norms_[i](convolutions_[i](h)));
    if (config_.down == Downsampling::kStride) continue;
    auto pooled = max_pool(h);
    h = pooled.x;
    code.switches.push_back(pooled.switches);
  }
  code.map = output_(h);
  return code;
}

MapDecoderImpl::MapDecoderImpl(const std::vector<int64_t>& image, const MapCoderConfig& config,
                               int64_t code_channels)
    : config_(config), levels_(levels_of(image, config)) {
  const auto inner = levels_.back()[0];
  const bool bias = has_bias(config);
  input_ = register_module("input", same_size(code_channels, inner, &config.activation, bias));
  input_norm_ = register_module("input_norm", Normalizer(config.normalization, inner));
  for (std::size_t i = levels_.size() - 1; i > 0; --i) {
    const bool last = i == 1;
    const auto name = last ? std::string("output") : numbered("convolution", levels_.size() - i);
    const auto* activation = last ? nullptr : &config.activation;
    const auto in = levels_[i][0], out = levels_[i - 1][0];
    if (config.up == MapUpsampling::kTransposed) {
      const auto& to = levels_[i - 1];
      transposed_.push_back(register_module(
          name, doubling(in, out, {to[0], to[1], to[2]}, activation, last || bias)));
    } else {
      // Of four pixels that unpooling makes, three are 0.
      const double seen = config.up == MapUpsampling::kUnpool ? 0.25 : 1;
      convolutions_.push_back(
          register_module(name, same_size(in, out, activation, last || bias, seen)));
    }
    if (!last)
      norms_.push_back(register_module(name + "_norm", Normalizer(config.normalization, out)));
  }
}

torch::Tensor MapDecoderImpl::forward(const MapCode& code) {
  auto h = activate(config_.activation, input_norm_(input_(code.map)));
  const auto count = levels_.size() - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& to = levels_[count - 1 - i];
    switch (config_.up) {
      case MapUpsampling::kTransposed:
        h = apply_doubling(transposed_[i], h);
        break;
      case MapUpsampling::kNearest:
        h = convolutions_[i](at::upsample_nearest2d(h, {to[1], to[2]}));
        break;
      case MapUpsampling::kUnpool:
        FIGMENT_CHECK(code.switches.size() == count);
        h = convolutions_[i](max_unpool(h, code.switches[count - 1 - i], to[1], to[2]));
        break;
    }
    if (i + 1 < count) h = activate(config_.activation, norms_[i](h));
  }
  return h;
}

}  // namespace figment
