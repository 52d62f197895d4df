// Convolutional autoencoder: the code is a map, so that it says what is where.
// Masci, Meier, Ciresan & Schmidhuber, "Stacked convolutional auto-encoders for hierarchical
// feature extraction", 2011. Unpooling by switches: Zeiler et al. 2011; Badrinarayanan et al.,
// "SegNet", 2017.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
#include "figment/nn/corruption.h"
#include "figment/nn/map_coder.h"
#include "figment/nn/reconstruction.h"

namespace figment::models {

struct ConvAutoencoderConfig {
  int64_t code_channels = 4;
  ReconstructionLoss loss = ReconstructionLoss::kSquaredError;
  CorruptionConfig corruption{};
  MapCoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = ConvAutoencoderConfig;
    return std::tuple{
        Field{"code_channels", &C::code_channels,
              "Channels of the code, a map of height and width halved once for each level.",
              Within{1, 4096}},
        Field{"loss", &C::loss,
              "squared_error: sum over elements of the squared difference; bounded_squared_error, "
              "cross_entropy: for values in [0, 1], with a decoder that ends in a logistic "
              "function."},
        Field{"corruption", &C::corruption,
              "Damage that the model learns to undo: it sees the damaged example, and the loss "
              "asks for the clean one."},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// A code is the map, flattened; with `unpool` followed by the switches of each level as numbers 0
// to 3, outermost level first, since the decoder needs them: what decode() gets is all there is.
// Such a code is wider than the image.
class ConvAutoencoder : public Model,
                        public Encodes,
                        public Decodes,
                        public Reconstructs,
                        public Restores,
                        public Completes {
 public:
  using Config = ConvAutoencoderConfig;
  ConvAutoencoder(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t code_dim() const override;
  torch::Tensor encode(const Batch& batch) override;
  // Switches are rounded and cut to 0..3.
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  torch::Tensor corrupt(const torch::Tensor& x, Noise& noise) override;
  torch::Tensor restore(const torch::Tensor& damaged) override;
  // One answer, the mean of all there are, by a model whose damage hides; the noise is not used.
  torch::Tensor complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) override;

 private:
  torch::Tensor output_of(const torch::Tensor& x);  // [n, C, H, W]
  int64_t map_size() const;

  Config config_;
  std::vector<std::array<int64_t, 3>> levels_;
  MapEncoder encoder_;
  MapDecoder decoder_;
  Optimizer& optimizer_;
};

}  // namespace figment::models
