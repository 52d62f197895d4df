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
  double blending = 0;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = AutoencoderConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code.", Within{1, 65536}},
        Field{"loss", &C::loss,
              "squared_error: sum over elements of the squared difference; bounded_squared_error, "
              "cross_entropy: for values in [0, 1], with a decoder that ends in a logistic "
              "function; multinomial, poisson: for counts, such as the words of a document, of "
              "which the encoder sees log(1 + x) and the decoder gives shares or rates; they need "
              "data.scaling = \"none\"."},
        Field{"code_noise", &C::code_noise,
              "Standard deviation of the normal noise that is added to a code in training, as a "
              "share of the deviation of each of its numbers over the batch. Makes the decoder "
              "smooth; 0 adds none.",
              Within{0, 10}},
        Field{
            "corruption", &C::corruption,
            "Damage that the model learns to undo: it sees the damaged example, and the loss asks "
            "for the clean one."},
        Field{"blending", &C::blending,
              "Weight of reconstructing blends too: examples moved by what the decoder shows "
              "between their code and that of another, up to half the way. They teach the encoder "
              "where it has seen no example, and double the time of a step; 0 makes none.",
              AtLeast{0}},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Autoencoder : public Model,
                    public Encodes,
                    public Decodes,
                    public Reconstructs,
                    public Restores,
                    public Completes {
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
  // One answer, the mean of all there are, by a model whose damage hides; the noise is not used.
  torch::Tensor complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) override;

 private:
  // Each example of x moved towards another; code [n, latent] and output are of x.
  torch::Tensor blend(const torch::Tensor& x, const torch::Tensor& code,
                      const torch::Tensor& output);
  torch::Tensor noisy(const torch::Tensor& code) const;  // [n, latent], in training
  torch::Tensor code_of(const torch::Tensor& x);
  torch::Tensor output_of(const torch::Tensor& x);
  // The reconstruction of x that an output stands for.
  torch::Tensor mean_of(const torch::Tensor& output, const torch::Tensor& x) const;

  Config config_;
  Extremes extremes_;
  Encoder encoder_;
  Decoder decoder_;
  Optimizer& optimizer_;
};

}  // namespace figment::models
