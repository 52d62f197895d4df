// The network that tells true examples, or codes, from made ones; with the representations of its
// hidden layers, in which examples may be compared.
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
#include "figment/nn/spectral_norm.h"

namespace figment {

enum class DiscriminatorNorm { kNone, kBatch, kLayer, kSpectral };
constexpr auto enum_names(DiscriminatorNorm) {
  return std::array{EnumName<DiscriminatorNorm>{"none", DiscriminatorNorm::kNone},
                    EnumName<DiscriminatorNorm>{"batch", DiscriminatorNorm::kBatch},
                    EnumName<DiscriminatorNorm>{"layer", DiscriminatorNorm::kLayer},
                    EnumName<DiscriminatorNorm>{"spectral", DiscriminatorNorm::kSpectral}};
}

struct DiscriminatorConfig {
  Network network = Network::kMlp;
  std::vector<std::int64_t> channels = {32, 64};
  std::vector<std::int64_t> hidden = {400};
  Activation activation = Activation::kLeakyRelu;
  DiscriminatorNorm normalization = DiscriminatorNorm::kNone;

  static constexpr auto fields() {
    using C = DiscriminatorConfig;
    return std::tuple{
        Field{"network", &C::network,
              "Kind of network: linear layers only, or convolutions before them (images)."},
        Field{"channels", &C::channels,
              "conv: channels of each convolution; each halves height and width. Ignored by mlp.",
              Within{1, 8192}},
        Field{"hidden", &C::hidden,
              "Widths of the hidden linear layers; may be empty. With conv they follow the "
              "convolutions.",
              Within{1, 65536}},
        Field{"activation", &C::activation, "Nonlinearity after each hidden layer."},
        Field{"normalization", &C::normalization,
              "batch, layer: between a hidden layer and its nonlinearity; spectral: the weights of "
              "all layers over their largest singular values, so that the score never changes "
              "faster than the input."}};
  }
  void check(const Problems::Scope& scope) const;
  std::int64_t layers() const;  // hidden ones, convolutions included
};

// Adds a problem for each key that makes the network impossible for examples of this shape.
void check_discriminator(const DiscriminatorConfig& config, const std::vector<std::int64_t>& shape,
                         const Problems::Scope& scope);

class DiscriminatorImpl : public torch::nn::Module {
 public:
  // `given`: how many numbers it is told beside each example, such as those of a one-hot label.
  // They join the others before the first linear layer. `config` must have passed
  // check_discriminator for the shape.
  DiscriminatorImpl(std::vector<std::int64_t> shape, const DiscriminatorConfig& config,
                    std::int64_t given = 0);

  // x [n, shape...], given [n, given] or undefined where there is none -> scores [n], without a
  // nonlinearity. Examples that are to be compared belong into one call: batch normalization would
  // take off what tells two calls apart.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& given = {});

  struct Judgement {
    torch::Tensor score;     // [n]
    torch::Tensor features;  // [n, ...]
  };
  // With the representation in hidden layer `layer`, 1 being the first, after its nonlinearity.
  Judgement judge(const torch::Tensor& x, std::int64_t layer, const torch::Tensor& given = {});

 private:
  torch::Tensor weight_of(const torch::Tensor& weight, std::size_t layer);

  std::vector<std::int64_t> shape_;
  std::int64_t given_;
  Activation activation_;
  std::vector<Conv2d> convolutions_;
  std::vector<torch::nn::Linear> linears_;  // the hidden ones, then that of the score
  std::vector<Normalizer> norms_;           // of the hidden layers, convolutions first
  std::vector<SpectralNorm> spectral_;      // of all layers; empty without
};
TORCH_MODULE(Discriminator);

}  // namespace figment
