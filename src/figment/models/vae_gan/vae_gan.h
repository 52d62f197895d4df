// A variational autoencoder whose decoder is also the generator of a generative adversarial
// network, and whose reconstructions are compared in what the discriminator sees.
// Larsen, Sonderby, Larochelle & Winther, "Autoencoding beyond pixels using a learned similarity
// metric", 2015, https://arxiv.org/abs/1512.09300 (ABP below).
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/model/draws_codes.h"
#include "figment/model/model.h"
#include "figment/nn/adversarial_losses.h"
#include "figment/nn/coders.h"
#include "figment/nn/discriminator.h"

namespace figment::models {

struct VaeGanConfig {
  int64_t latent_dim = 16;
  int64_t layer = 1;
  double gamma = 1;
  double beta = 0.02;
  AdversarialLoss adversarial_loss = AdversarialLoss::kNonSaturating;
  double equilibrium = 0.68;
  double margin = 0.35;
  CoderConfig coder{};
  DiscriminatorConfig discriminator{};
  OptimizerConfig optimizer{};
  OptimizerConfig discriminator_optimizer{};

  static constexpr auto fields() {
    using C = VaeGanConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code z.", Within{1, 65536}},
        Field{"layer", &C::layer,
              "Hidden layer of the discriminator, from 1, in which an example and its "
              "reconstruction are compared.",
              AtLeast{1}},
        Field{"gamma", &C::gamma,
              "Weight of that comparison against the adversarial loss, for the decoder.",
              AtLeast{0}},
        Field{
            "beta", &C::beta,
            "Weight of the KL term against that comparison, for the encoder; the comparison grows "
            "with the width of the layer. 1 is the paper's.",
            AtLeast{0}},
        Field{"adversarial_loss", &C::adversarial_loss,
              "What discriminator and decoder minimise against one another; minimax is the "
              "paper's. wasserstein needs a spectral discriminator; all but minimax and "
              "non_saturating need margin = 0."},
        Field{"equilibrium", &C::equilibrium,
              "The discriminator's loss, mean of that on true and that on made examples, where "
              "neither side is ahead; log 2 = 0.693 for non_saturating and minimax, the two losses "
              "that this is a rule for."},
        Field{"margin", &C::margin,
              "The discriminator pauses for a step where that loss is below equilibrium - margin, "
              "the decoder where it is above equilibrium + margin. 0: nobody ever pauses.",
              AtLeast{0}},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"discriminator", &C::discriminator,
              "The network that tells examples from reconstructions and samples."},
        Field{"optimizer", &C::optimizer, "The optimizers of encoder and decoder, alike."},
        Field{"discriminator_optimizer", &C::discriminator_optimizer, "The discriminator's."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// Has no likelihood of examples, and so neither a density nor a bound.
class VaeGan : public Model,
               public Samples,
               public Encodes,
               public Decodes,
               public Reconstructs,
               public DrawsCodes,
               public MayLoseModes {
 public:
  using Config = VaeGanConfig;
  VaeGan(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;

  torch::Tensor sample(const SampleRequest& request) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  bool prior_is_standard_normal() const override { return true; }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  Codes draw_prior(Noise& noise) override;
  torch::Tensor draw_posterior(const Batch& batch, Noise& noise) override;

  // Who learns in a step, by the discriminator's losses on true and on made examples. By their
  // mean: a discriminator that takes all for true has a low loss on the true ones, and is not
  // ahead.
  struct Turn {
    bool discriminator, decoder;
  };
  Turn turn(double true_loss, double made_loss) const;

 private:
  // All terms of one step, [] each, on one graph.
  struct Terms {
    torch::Tensor kl;        // L_prior
    torch::Tensor features;  // L_llike of layer l, without its constant
    torch::Tensor truth;     // the discriminator's loss on true examples,
    torch::Tensor made;      // on reconstructions and samples, their mean
    torch::Tensor fooling;   // the decoder's on the same
    torch::Tensor reconstruction_sse;
  };
  Terms terms(const torch::Tensor& x, const torch::Tensor& epsilon, const torch::Tensor& z_prior);
  torch::Tensor mean_of(const torch::Tensor& output) const;
  struct Code {
    torch::Tensor mean, log_variance;  // [n, latent]
  };
  Code posterior(const torch::Tensor& x);

  Config config_;
  Encoder encoder_;
  Decoder decoder_;
  Discriminator discriminator_;
  Optimizer &encoder_optimizer_, &decoder_optimizer_, &discriminator_optimizer_;
};

}  // namespace figment::models
