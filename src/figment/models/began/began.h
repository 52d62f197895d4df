// A generator against an autoencoder: what is well reconstructed counts as true, and an equilibrium
// of both errors is held.
// Berthelot, Schumm & Metz, "BEGAN: Boundary equilibrium generative adversarial networks", 2017,
// https://arxiv.org/abs/1703.10717 (BEGAN below).
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/model/draws_codes.h"
#include "figment/model/model.h"
#include "figment/nn/coders.h"
#include "figment/nn/generator.h"

namespace figment::models {

struct BeganConfig {
  int64_t latent_dim = 64;
  double gamma = 0.5;
  double balance_rate = 0.001;
  CoderConfig encoder = [] {
    CoderConfig config;
    config.activation = Activation::kElu;
    return config;
  }();
  GeneratorConfig generator = [] {
    GeneratorConfig config;
    config.activation = Activation::kElu;
    config.upsampling = Upsampling::kNearest;
    return config;
  }();
  OptimizerConfig optimizer = [] {
    OptimizerConfig config;
    config.learning_rate = 1e-4;
    config.beta1 = 0.5;
    return config;
  }();
  OptimizerConfig discriminator_optimizer = optimizer;

  static constexpr auto fields() {
    using C = BeganConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim,
              "Width of the code, of the generator and of the discriminator's autoencoder.",
              Within{1, 65536}},
        Field{"gamma", &C::gamma,
              "Error on made examples over that on true ones that is held: lower makes better and "
              "less varied examples.",
              Within{0.01, 1}},
        Field{"balance_rate", &C::balance_rate,
              "Rate at which the weight of made examples, between 0 and 1, follows the "
              "equilibrium: lambda_k.",
              Above{0}},
        Field{"encoder", &C::encoder, "The encoder of the discriminator."},
        Field{"generator", &C::generator,
              "The generator, and the decoder of the discriminator, which is built alike."},
        Field{"optimizer", &C::optimizer,
              "The generator's optimizer. With an average, samples are made by averaged weights."},
        Field{"discriminator_optimizer", &C::discriminator_optimizer, "The discriminator's."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// Images are seen by all networks in [-1, 1]. Codes are uniform in [-1, 1).
class Began : public Model,
              public Samples,
              public Decodes,
              public Reconstructs,
              public DrawsPrior,
              public MayLoseModes {
 public:
  using Config = BeganConfig;
  Began(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  torch::Tensor sample(const SampleRequest& request) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  // By the discriminator's autoencoder, whose codes are not those of the generator.
  torch::Tensor reconstruct(const Batch& batch) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  Codes draw_prior(Noise& noise) override;

  double balance() const { return balance_.item<double>(); }  // k_t, in [0, 1]

 private:
  torch::Tensor seen(const torch::Tensor& x) const;     // as the networks see examples
  torch::Tensor shown(const torch::Tensor& x) const;    // and back
  torch::Tensor bounded(const torch::Tensor& x) const;  // a network's output as they see examples
  torch::Tensor again(const torch::Tensor& x);          // through the discriminator
  torch::Tensor error(const torch::Tensor& x);          // [], its mean absolute error

  Config config_;
  Generator generator_;
  Encoder encoder_;
  Generator decoder_;
  torch::Tensor balance_;  // [1], a buffer
  Optimizer &generator_optimizer_, &discriminator_optimizer_;
};

}  // namespace figment::models
