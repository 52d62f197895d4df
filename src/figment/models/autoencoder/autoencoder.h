// Autoencoder: a code narrow enough that copying needs understanding.
// Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006.
// With `corruption`, a denoising autoencoder: Vincent et al., JMLR 2010.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
#include "figment/nn/coders.h"
#include "figment/nn/corruption.h"
#include "figment/nn/reconstruction.h"

namespace figment::models {

struct AutoencoderConfig {
  int64_t latent_dim = 32;
  ReconstructionLoss loss = ReconstructionLoss::kSquaredError;
  double code_noise = 0;
  CorruptionConfig corruption{};
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = AutoencoderConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code.", Within{1, 65536}},
        Field{"loss", &C::loss,
              "squared_error: sum over elements of the squared difference; bounded_squared_error, "
              "cross_entropy: for values in [0, 1], with a decoder that ends in a logistic "
              "function."},
        Field{"code_noise", &C::code_noise,
              "Standard deviation of the normal noise that is added to a code in training, as a "
              "share of the deviation of each of its numbers over the batch. Makes the decoder "
              "smooth; 0 adds none.",
              Within{0, 10}},
        Field{
            "corruption", &C::corruption,
            "Damage that the model learns to undo: it sees the damaged example, and the loss asks "
            "for the clean one."},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Autoencoder : public Model,
                    public Encodes,
                    public Decodes,
                    public Reconstructs,
                    public Restores {
 public:
  using Config = AutoencoderConfig;
  Autoencoder(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  torch::Tensor corrupt(const torch::Tensor& x, Noise& noise) override;
  torch::Tensor restore(const torch::Tensor& damaged) override;

 private:
  torch::Tensor noisy(const torch::Tensor& code) const;  // [n, latent], in training
  torch::Tensor output_of(const torch::Tensor& x);

  Config config_;
  Extremes extremes_;
  Encoder encoder_;
  Decoder decoder_;
  Optimizer& optimizer_;
};

}  // namespace figment::models
