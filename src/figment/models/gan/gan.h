// Generative adversarial networks: a generator that makes examples of noise, and a discriminator
// that tells them from true ones.
// Goodfellow et al., "Generative adversarial nets", 2014, https://arxiv.org/abs/1406.2661 (GAN
// below); convolutional after Radford et al. 2016 (nn/generator.h), with classes as in critic.h,
// and with codes that find a meaning without labels as in latent.h.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/model/draws_codes.h"
#include "figment/model/model.h"
#include "figment/models/gan/completion.h"
#include "figment/models/gan/critic.h"
#include "figment/models/gan/latent.h"
#include "figment/nn/adversarial_losses.h"
#include "figment/nn/generator.h"

namespace figment::models {

// Adam as DCGAN, section 4, has it: a momentum of 0.9 makes the two sides swing.
inline OptimizerConfig gan_optimizer() {
  OptimizerConfig config;
  config.learning_rate = 2e-4;
  config.beta1 = 0.5;
  return config;
}

struct GanConfig {
  int64_t latent_dim = 64;
  GanLatent latent = GanLatent::kNormal;
  GanCodesConfig codes{};
  AdversarialLoss adversarial_loss = AdversarialLoss::kNonSaturating;
  int64_t discriminator_steps = 1;
  double label_smoothing = 0;
  double gradient_penalty = 0;
  double r1 = 0;
  GanCondition condition = GanCondition::kNone;
  double auxiliary_weight = 1;
  double initial_deviation = 0;
  GeneratorConfig generator{};
  DiscriminatorConfig discriminator{};
  OptimizerConfig optimizer = gan_optimizer();
  OptimizerConfig discriminator_optimizer = gan_optimizer();
  GanCompletionConfig completion{};

  static constexpr auto fields() {
    using C = GanConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the noise z.", Within{1, 65536}},
        Field{"latent", &C::latent,
              "Distribution of each number of the noise: standard normal, or uniform in [-1, 1)."},
        Field{"codes", &C::codes,
              "What the generator is given beside noise, and what must be read off what it makes: "
              "InfoGAN."},
        Field{"adversarial_loss", &C::adversarial_loss,
              "What discriminator and generator minimise against one another. wasserstein needs a "
              "gradient_penalty or a spectral discriminator."},
        Field{"discriminator_steps", &C::discriminator_steps,
              "Steps of the discriminator, each with a batch of its own, for one of the "
              "generator.",
              Within{1, 1000}},
        Field{"label_smoothing", &C::label_smoothing,
              "True examples are to be taken for true with probability 1 less this, so that the "
              "discriminator is never too sure; not for hinge and wasserstein.",
              Within{0, 0.5}},
        Field{"gradient_penalty", &C::gradient_penalty,
              "Weight of a penalty that keeps the slope of the score at 1 between true and made "
              "examples; 10 is usual with wasserstein, 0 for none.",
              AtLeast{0}},
        Field{"r1", &C::r1,
              "Weight of a penalty on the slope of the score at true examples, half its square; 0 "
              "for none.",
              AtLeast{0}},
        Field{"condition", &C::condition,
              "How labels are told. none; concatenation: to both networks beside their input; "
              "projection: to the discriminator by a direction for each class in its last hidden "
              "layer; auxiliary: the discriminator is asked for the class. The generator is always "
              "told beside its code."},
        Field{"auxiliary_weight", &C::auxiliary_weight,
              "auxiliary: weight of the classes' cross-entropy, for both networks.", AtLeast{0}},
        Field{"initial_deviation", &C::initial_deviation,
              "Initial weights are normal with this deviation, 0.02 in DCGAN; 0: as each "
              "nonlinearity asks.",
              AtLeast{0}},
        Field{"generator", &C::generator, "The network that makes examples."},
        Field{"discriminator", &C::discriminator,
              "The network that tells them from true ones. With batch normalization true and made "
              "examples are each normalized among themselves."},
        Field{"optimizer", &C::optimizer,
              "The generator's optimizer. With an average, samples are made by averaged weights."},
        Field{"discriminator_optimizer", &C::discriminator_optimizer, "The discriminator's."},
        Field{"completion", &C::completion,
              "How what is hidden of an image is filled in, once trained."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// Images are seen by both networks in [-1, 1], where the generator ends in a tanh.
class Gan : public Model,
            public Samples,
            public Decodes,
            public Conditions,
            public DrawsPrior,
            public Completes,
            public Discriminates {
 public:
  using Config = GanConfig;
  Gan(const Config& config, const ExampleSpec& example);

  // One step of the discriminator (GAN, algorithm 1, the inner loop), and in every
  // discriminator_steps-th, by the clock, one of the generator.
  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;

  bool knows_classes() const override { return on_class(); }
  // Without a class asked for, each is as likely as another.
  torch::Tensor sample(const SampleRequest& request) override;
  // Throws Error(kData) when the model is conditional and there are no labels.
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  bool on_class() const override { return config_.condition != GanCondition::kNone; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    return decode(code, given.label);
  }
  int64_t code_dim() const override { return latent_.dim(); }
  Codes draw_prior(Noise& noise) override;
  // The example's own class where the model is told one; without labels that of the code at which
  // the search begins, each of which has a class drawn for it. Throws Error(kConfig) for a model of
  // other examples than images.
  torch::Tensor complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) override;
  AdversarialLoss game() const override { return config_.adversarial_loss; }
  // With batch normalization as in training, by the mean and variance of the batch: a batch is to
  // be all true or all made, and what it says of a single point depends on those beside it.
  torch::Tensor scores(const Batch& batch) override;

 private:
  // Terms of a step, [] each; undefined where the configuration has none.
  struct Terms {
    torch::Tensor adversarial, gradient_penalty, r1, classes, codes;
    torch::Tensor true_score, made_score;  // [n]
  };
  torch::Tensor seen(const torch::Tensor& x) const;         // as the networks see examples
  torch::Tensor one_hot(const torch::Tensor& label) const;  // undefined without a condition
  torch::Tensor made(const torch::Tensor& z, const torch::Tensor& one_hot);  // as networks see
  Terms terms_of(const torch::Tensor& truth, const torch::Tensor& made, const torch::Tensor& z,
                 const torch::Tensor& one_hot);
  torch::Tensor discriminator_loss(const Terms& terms) const;
  torch::Tensor generator_loss(const torch::Tensor& made, const torch::Tensor& z,
                               const torch::Tensor& one_hot);
  // Where the search for the code of an answer begins: [n, code_dim], and the classes one-hot.
  struct Start {
    torch::Tensor z, classes;
  };
  Start best_start(const torch::Tensor& target, const torch::Tensor& weight,
                   const torch::Tensor& label, Noise& noise);
  torch::Tensor shown_score(const torch::Tensor& score) const;

  Config config_;
  GanLatentSpace latent_;
  Generator generator_;
  Critic critic_;
  Optimizer &generator_optimizer_, &discriminator_optimizer_;
};

}  // namespace figment::models
