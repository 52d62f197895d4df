// The network of a generator: from a code to an example. Radford, Metz & Chintala, "Unsupervised
// representation learning with deep convolutional generative adversarial networks", 2016,
// https://arxiv.org/abs/1511.06434 (DCGAN below); maps enlarged by their nearest neighbours after
// Odena, Dumoulin & Olah, "Deconvolution and checkerboard artifacts", 2016.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <vector>

#include "figment/core/config.h"
#include "figment/nn/activation.h"
#include "figment/nn/coders.h"
#include "figment/nn/convolution.h"
#include "figment/nn/normalization.h"

namespace figment {

enum class Upsampling { kTransposed, kNearest };
constexpr auto enum_names(Upsampling) {
  return std::array{EnumName<Upsampling>{"transposed", Upsampling::kTransposed},
                    EnumName<Upsampling>{"nearest", Upsampling::kNearest}};
}

struct GeneratorConfig {
  Network network = Network::kMlp;
  std::vector<std::int64_t> channels = {32, 64};
  std::vector<std::int64_t> hidden = {256};
  Activation activation = Activation::kRelu;
  Normalization normalization = Normalization::kNone;
  Upsampling upsampling = Upsampling::kTransposed;

  static constexpr auto fields() {
    using C = GeneratorConfig;
    return std::tuple{
        Field{"network", &C::network,
              "Kind of network: linear layers only, or convolutions after them (images)."},
        Field{"channels", &C::channels,
              "conv: channels of the maps, from the image inwards, as a discriminator's: each "
              "halves height and width, and the generator goes through them from the end. Ignored "
              "by mlp.",
              Within{1, 8192}},
        Field{"hidden", &C::hidden,
              "Widths of the hidden linear layers, from the code onwards; may be empty. With conv "
              "the maps follow.",
              Within{1, 65536}},
        Field{"activation", &C::activation, "Nonlinearity after each hidden layer."},
        Field{"normalization", &C::normalization,
              "Normalization between a hidden layer and its nonlinearity."},
        Field{"upsampling", &C::upsampling,
              "conv: how maps double. transposed: a transposed convolution of kernel 4; nearest: "
              "each pixel four times, then a convolution of kernel 3, which leaves no "
              "checkerboard."}};
  }
  void check(const Problems::Scope& scope) const;
};

// Adds a problem for each key that makes the network impossible for examples of this shape.
void check_generator(const GeneratorConfig& config, const std::vector<std::int64_t>& shape,
                     const Problems::Scope& scope);

// z [n, inputs] -> [n, shape...], without a nonlinearity at the end. `config` must have passed
// check_generator for the shape.
class GeneratorImpl : public torch::nn::Module {
 public:
  GeneratorImpl(std::int64_t inputs, const GeneratorConfig& config,
                std::vector<std::int64_t> shape);
  torch::Tensor forward(const torch::Tensor& z);

 private:
  // A layer that doubles the maps' sides, of one of both kinds.
  struct Doubling {
    torch::nn::ConvTranspose2d transposed{nullptr};
    Conv2d plain{nullptr};
    std::vector<std::int64_t> to;  // height, width
  };
  torch::Tensor double_sides(Doubling& layer, const torch::Tensor& x);

  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> trunk_;  // channels, height, width where the maps begin; or empty
  Activation activation_;
  std::vector<torch::nn::Linear> linears_;  // the hidden ones, then that of the maps or the output
  std::vector<Doubling> doublings_;
  std::vector<Normalizer> norms_;  // of all layers but the last, in their order
};
TORCH_MODULE(Generator);

}  // namespace figment
