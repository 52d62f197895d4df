// Adversarial autoencoder: a discriminator brings the codes of all examples together, the
// aggregated posterior, to a prior that need only be sampled from.
// Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders", 2015,
// https://arxiv.org/abs/1511.05644 (AAE below).
#pragma once

#include <memory>

#include "figment/model/abilities.h"
#include "figment/model/draws_codes.h"
#include "figment/model/model.h"
#include "figment/nn/adversarial_losses.h"
#include "figment/nn/coders.h"
#include "figment/nn/discriminator.h"
#include "figment/nn/label_choice.h"
#include "figment/nn/priors.h"
#include "figment/nn/reconstruction.h"

namespace figment::models {

// AAE section 2, "choices of the encoder".
enum class AaePosterior { kDeterministic, kGaussian, kUniversal };
constexpr auto enum_names(AaePosterior) {
  return std::array{EnumName<AaePosterior>{"deterministic", AaePosterior::kDeterministic},
                    EnumName<AaePosterior>{"gaussian", AaePosterior::kGaussian},
                    EnumName<AaePosterior>{"universal", AaePosterior::kUniversal}};
}

struct AaeConfig {
  int64_t latent_dim = 2;
  AaePosterior posterior = AaePosterior::kDeterministic;
  int64_t noise_dim = 10;
  ReconstructionLoss loss = ReconstructionLoss::kSquaredError;
  PriorConfig prior{};
  bool labels = false;
  int64_t labelled = 0;
  int64_t placing_epochs = 5;
  AdversarialLoss adversarial_loss = AdversarialLoss::kNonSaturating;
  CoderConfig coder{};
  DiscriminatorConfig discriminator{};
  OptimizerConfig optimizer{};
  OptimizerConfig discriminator_optimizer{};
  OptimizerConfig encoder_optimizer{};

  static constexpr auto fields() {
    using C = AaeConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code z.", Within{1, 65536}},
        Field{
            "posterior", &C::posterior,
            "q(z | x): deterministic, one code for each example; gaussian, its mean and variance; "
            "universal, any: the encoder is fed noise beside the example."},
        Field{"noise_dim", &C::noise_dim,
              "universal: numbers of noise beside the example; with conv it is a channel of the "
              "image instead.",
              Within{1, 65536}},
        Field{"loss", &C::loss,
              "squared_error: sum over elements of the squared difference; bounded_squared_error, "
              "cross_entropy: for values in [0, 1], with a decoder that ends in a logistic "
              "function."},
        Field{"prior", &C::prior, "The distribution that the codes are to have."},
        Field{"labels", &C::labels,
              "Show the discriminator the labels, so that each class is placed on its own part of "
              "the prior: class k on part k."},
        Field{"labelled", &C::labelled,
              "labels: use those of this many training examples, an equal share of each class, and "
              "of the others none; 0 uses all.",
              AtLeast{0}},
        Field{
            "placing_epochs", &C::placing_epochs,
            "labelled: epochs at the start in which the labelled examples alone are brought to the "
            "prior, so that the others follow their class.",
            AtLeast{0}},
        Field{"adversarial_loss", &C::adversarial_loss,
              "What discriminator and encoder minimise against one another. wasserstein needs a "
              "spectral discriminator."},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"discriminator", &C::discriminator,
              "The network that tells codes of the prior from those of examples."},
        Field{"optimizer", &C::optimizer,
              "The optimizer of encoder and decoder in the reconstruction phase."},
        Field{"discriminator_optimizer", &C::discriminator_optimizer,
              "The discriminator's in the regularisation phase."},
        Field{"encoder_optimizer", &C::encoder_optimizer,
              "The encoder's in the regularisation phase."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Aae : public Model,
            public Samples,
            public Encodes,
            public Decodes,
            public Reconstructs,
            public DrawsCodes {
 public:
  using Config = AaeConfig;
  Aae(const Config& config, const ExampleSpec& example);
  // With any prior in the place of the configured one; dim() must be latent_dim, and with `labels`
  // parts() the number of classes.
  Aae(const Config& config, const ExampleSpec& example, std::shared_ptr<const Prior> prior);

  std::vector<Stage> stages(int64_t epochs) const override;
  void begin_stage(const Stage& stage) override;
  void end_stage(const Stage& stage) override;
  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;

  bool knows_classes() const override { return config_.labels; }
  torch::Tensor sample(const SampleRequest& request) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  // Of a universal posterior the mean over draws with noise that is the same for all examples.
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  Codes draw_prior(Noise& noise) override;
  torch::Tensor draw_posterior(const Batch& batch, Noise& noise) override;

 private:
  // The shape of the noise that one code is a function of; empty for none.
  std::vector<int64_t> noise_shape() const;
  torch::Tensor code_of(const torch::Tensor& x, const torch::Tensor& noise);  // [n, latent]
  torch::Tensor code_of(const torch::Tensor& x);  // with LibTorch's generator
  // What the discriminator is told of each example: its class or that it has no label, one-hot
  // [n, classes + 1]; and the part of the prior to compare with, [n], -1 for any. Undefined
  // without labels.
  struct Told {
    torch::Tensor given, part;
  };
  Told told_of(const Batch& batch) const;
  // With few labels as many labelled examples again, by LibTorch's generator, and while they are
  // placed these alone; else as it is.
  Batch with_labelled(const Batch& batch) const;
  // Reads the codes of a prior that a file holds; where a checkpoint had them already, a file that
  // is there must be the same. Throws Error(kData).
  void read_prior();
  // The discriminator's loss on draws from the prior and on these codes, which it moves none of.
  torch::Tensor discriminator_loss(const torch::Tensor& code, const Told& told);

  Config config_;
  std::shared_ptr<const Prior> prior_;
  torch::Tensor prior_codes_, prior_count_;  // [rows, latent] and [] int64, of a file
  Encoder encoder_;
  Decoder decoder_;
  Discriminator discriminator_;
  LabelChoice choice_;
  bool choosing_ = false, placing_ = false;
  Optimizer &autoencoder_optimizer_, &discriminator_optimizer_, &encoder_optimizer_;
};

}  // namespace figment::models
