// Encoder and decoder networks for examples of any shape, one the mirror of the other.
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

enum class Network { kMlp, kConv };

constexpr auto enum_names(Network) {
  return std::array{EnumName<Network>{"mlp", Network::kMlp},
                    EnumName<Network>{"conv", Network::kConv}};
}

struct CoderConfig {
  Network network = Network::kMlp;
  std::vector<std::int64_t> channels = {32, 64};
  std::vector<std::int64_t> hidden = {400};
  Activation activation = Activation::kRelu;
  Normalization normalization = Normalization::kNone;

  static constexpr auto fields() {
    using C = CoderConfig;
    return std::tuple{
        Field{"network", &C::network,
              "Kind of network: linear layers only, or convolutions before them (images)."},
        Field{"channels", &C::channels,
              "conv: channels of each convolution, in the encoder's order; each halves height and "
              "width. The decoder mirrors them. Ignored by mlp.",
              Within{1, 8192}},
        Field{"hidden", &C::hidden,
              "Widths of the hidden linear layers, in the encoder's order; may be empty. With conv "
              "they follow the convolutions. The decoder mirrors them.",
              Within{1, 65536}},
        Field{"activation", &C::activation, "Nonlinearity after each hidden layer."},
        Field{"normalization", &C::normalization,
              "Normalization between a hidden layer and its nonlinearity."}};
  }
  void check(const Problems::Scope& scope) const;
};

// Adds a problem for each key that makes the coder impossible for examples of this shape:
// convolutions on what is not [channels, height, width], more halvings than the size allows, or
// more parameters than any machine holds.
void check_coder(const CoderConfig& config, const std::vector<std::int64_t>& shape,
                 const Problems::Scope& scope);

// x [n, shape...] -> [n, outputs], without a nonlinearity at the end. `config` must have passed
// check_coder for the shape.
class EncoderImpl : public torch::nn::Module {
 public:
  EncoderImpl(std::vector<std::int64_t> shape, const CoderConfig& config, std::int64_t outputs);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::vector<std::int64_t> shape_;
  Activation activation_;
  std::vector<Conv2d> convolutions_;
  std::vector<Normalizer> convolution_norms_;
  std::vector<torch::nn::Linear> hidden_;
  std::vector<Normalizer> hidden_norms_;
  torch::nn::Linear output_{nullptr};
};
TORCH_MODULE(Encoder);

// z [n, latent] -> [n, k * shape[0], shape[1], ...], logits or means without a nonlinearity at the
// end; k parameters per element (2 for a mean and a log-variance), the k-th part of dimension 1
// being the k-th parameter: split them with chunk(k, 1). `config` as above.
class DecoderImpl : public torch::nn::Module {
 public:
  DecoderImpl(std::int64_t latent, const CoderConfig& config, std::vector<std::int64_t> shape,
              std::int64_t k = 1);
  torch::Tensor forward(const torch::Tensor& z);

 private:
  std::vector<std::int64_t> trunk_;   // channels, height, width where the convolutions start
  std::vector<std::int64_t> output_;  // k * shape[0], shape[1], ...
  Activation activation_;
  std::vector<torch::nn::Linear> hidden_;
  std::vector<Normalizer> hidden_norms_;
  torch::nn::Linear last_linear_{nullptr};
  Normalizer trunk_norm_{nullptr};
  std::vector<torch::nn::ConvTranspose2d> convolutions_;
  std::vector<Normalizer> convolution_norms_;  // of all convolutions but the last
};
TORCH_MODULE(Decoder);

}  // namespace figment
