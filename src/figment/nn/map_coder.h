// Networks from an image to a map of a quarter, a sixteenth, ... of its pixels, and back.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <vector>

#include "figment/core/config.h"
#include "figment/nn/activation.h"
#include "figment/nn/convolution.h"
#include "figment/nn/normalization.h"

namespace figment {

enum class Downsampling { kStride, kMaxPool };
constexpr auto enum_names(Downsampling) {
  return std::array{EnumName<Downsampling>{"stride", Downsampling::kStride},
                    EnumName<Downsampling>{"max_pool", Downsampling::kMaxPool}};
}

enum class MapUpsampling { kTransposed, kNearest, kUnpool };
constexpr auto enum_names(MapUpsampling) {
  return std::array{EnumName<MapUpsampling>{"transposed", MapUpsampling::kTransposed},
                    EnumName<MapUpsampling>{"nearest", MapUpsampling::kNearest},
                    EnumName<MapUpsampling>{"unpool", MapUpsampling::kUnpool}};
}

struct MapCoderConfig {
  std::vector<int64_t> channels = {32, 64};
  Downsampling down = Downsampling::kStride;
  MapUpsampling up = MapUpsampling::kTransposed;
  Activation activation = Activation::kRelu;
  Normalization normalization = Normalization::kNone;

  static constexpr auto fields() {
    using C = MapCoderConfig;
    return std::tuple{
        Field{"channels", &C::channels,
              "Channels of each level, in the encoder's order; each level halves height and width. "
              "The decoder mirrors them.",
              Within{1, 4096}},
        Field{"down", &C::down,
              "How a level halves. stride: a convolution of kernel 4 and stride 2; max_pool: a 3x3 "
              "convolution, then the largest of each 2x2 pixels."},
        Field{"up", &C::up,
              "How a level doubles. transposed: a transposed convolution of kernel 4 and stride 2; "
              "nearest: each pixel four times, then a 3x3 convolution; unpool (with max_pool): "
              "each value to where its maximum was, then a 3x3 convolution. The places are then "
              "part of the code, which is no bottleneck any more."},
        Field{"activation", &C::activation, "Nonlinearity after each hidden layer."},
        Field{"normalization", &C::normalization,
              "Normalization between a hidden layer and its nonlinearity."}};
  }
  void check(const Problems::Scope& scope) const;
};

// The sizes that an image [C, H, W] passes through: itself, then one of each level.
std::vector<std::array<int64_t, 3>> levels_of(const std::vector<int64_t>& image,
                                              const MapCoderConfig& config);

// Adds a problem when images of this shape [C, H, W] cannot be halved so often; whether they can.
bool check_levels(const MapCoderConfig& config, const std::vector<int64_t>& image,
                  const Problems::Scope& scope);

// What an encoder makes of an image.
struct MapCode {
  torch::Tensor map;                    // [n, code channels, h, w], without a nonlinearity
  std::vector<torch::Tensor> switches;  // of each level, as max_pool() gives them; empty for stride
};

class MapEncoderImpl : public torch::nn::Module {
 public:
  MapEncoderImpl(const std::vector<int64_t>& image, const MapCoderConfig& config,
                 int64_t code_channels);
  MapCode forward(const torch::Tensor& x);

 private:
  MapCoderConfig config_;
  std::vector<Conv2d> convolutions_;
  std::vector<Normalizer> norms_;
  Conv2d output_{nullptr};
};
TORCH_MODULE(MapEncoder);

class MapDecoderImpl : public torch::nn::Module {
 public:
  MapDecoderImpl(const std::vector<int64_t>& image, const MapCoderConfig& config,
                 int64_t code_channels);
  // [n, C, H, W], logits or means. Only `unpool` looks at the switches.
  torch::Tensor forward(const MapCode& code);

 private:
  MapCoderConfig config_;
  std::vector<std::array<int64_t, 3>> levels_;
  Conv2d input_{nullptr};
  Normalizer input_norm_{nullptr};
  std::vector<Conv2d> convolutions_;                    // one of these two, from the innermost
  std::vector<torch::nn::ConvTranspose2d> transposed_;  // level outwards
  std::vector<Normalizer> norms_;                       // of all but the last
};
TORCH_MODULE(MapDecoder);

}  // namespace figment
