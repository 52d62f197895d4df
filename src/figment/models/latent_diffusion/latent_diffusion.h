// Diffusion of the codes of an autoencoder: the pictures it is to make are small maps, and the
// decoder, learned first, makes images of them.
// Rombach, Blattmann, Lorenz, Esser & Ommer, "High-resolution image synthesis with latent diffusion
// models", 2022, https://arxiv.org/abs/2112.10752 (LDM below).
#pragma once

#include <vector>

#include "figment/model/abilities.h"
#include "figment/model/draws_codes.h"
#include "figment/model/model.h"
#include "figment/model/stepwise.h"
#include "figment/nn/denoiser.h"
#include "figment/nn/map_coder.h"
#include "figment/nn/reconstruction.h"

namespace figment::models {

struct LatentDiffusionConfig {
  int64_t code_channels = 4;
  MapCoderConfig coder{};
  ReconstructionLoss loss = ReconstructionLoss::kCrossEntropy;
  double kl_weight = 0.1;
  int64_t autoencoder_epochs = 5;
  DiffusionScheduleConfig schedule{};
  PredictionKind predict = PredictionKind::kVelocity;
  bool class_conditional = false;
  double label_dropout = 0.1;
  UnetConfig unet{};
  SamplerConfig sampler{};
  OptimizerConfig autoencoder_optimizer{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = LatentDiffusionConfig;
    return std::tuple{
        Field{"code_channels", &C::code_channels, "Channels of the map that is the code.",
              Within{1, 4096}},
        Field{"coder", &C::coder,
              "The autoencoder's networks; its levels say how small the map is."},
        Field{"loss", &C::loss,
              "Of the autoencoder. squared_error; bounded_squared_error, cross_entropy: with a "
              "decoder that ends in a logistic function."},
        Field{"kl_weight", &C::kl_weight,
              "Weight of the KL of codes to a standard normal, which keeps them together; small, "
              "since it is the diffusion that is to know how they lie.",
              AtLeast{0}},
        Field{"autoencoder_epochs", &C::autoencoder_epochs,
              "Passes over the training examples for the autoencoder; train.epochs are those of "
              "the diffusion.",
              Within{1, 1000000}},
        Field{"schedule", &C::schedule, "How codes become noise."},
        Field{"predict", &C::predict,
              "What the network gives: the noise, the clean code, or the velocity, a mixture of "
              "both."},
        Field{"class_conditional", &C::class_conditional,
              "Whether the diffusion is told the class of an example; the autoencoder is not."},
        Field{"label_dropout", &C::label_dropout,
              "Share of the examples whose class is kept from it, so that it can also do without.",
              Within{0, 1}},
        Field{"unet", &C::unet, "The network that takes noise off codes."},
        Field{"sampler", &C::sampler, "How samples are drawn, unless asked otherwise."},
        Field{"autoencoder_optimizer", &C::autoencoder_optimizer, "The autoencoder's."},
        Field{"optimizer", &C::optimizer, "The diffusion's."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

// Stages: "autoencoder"; "measure codes", one pass that learns nothing; "diffusion", of codes that
// are standardised by what was measured (LDM, appendix G).
class LatentDiffusion : public Model,
                        public Samples,
                        public Decodes,
                        public Conditions,
                        public Reconstructs,
                        public DrawsPrior,
                        public Stepwise {
 public:
  using Config = LatentDiffusionConfig;
  LatentDiffusion(const Config& config, const ExampleSpec& example);

  std::vector<Stage> stages(int64_t epochs) const override;
  void begin_stage(const Stage& stage) override;
  void end_stage(const Stage& stage) override;
  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;

  bool knows_classes() const override { return config_.class_conditional; }
  torch::Tensor sample(const SampleRequest& request) override;
  // The code is the noise at the last step, [n, channels * height * width] of a map; decoded by the
  // sampler without fresh noise, then by the decoder.
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  bool on_class() const override { return config_.class_conditional; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    return decode(code, given.label);
  }
  // By the autoencoder alone.
  torch::Tensor reconstruct(const Batch& batch) override;

  int64_t code_dim() const override { return map_[0] * map_[1] * map_[2]; }
  Codes draw_prior(Noise& noise) override { return {noise.normal(map_).flatten(1), {}}; }

  SamplerConfig& sampler() override { return sampler_; }
  int64_t most_steps() const override { return denoiser_->process().steps(); }
  bool does_without_class() const override {
    return config_.class_conditional && config_.label_dropout > 0;
  }
  std::vector<CoursePoint> course(const SampleRequest& request, int64_t points) override;
  torch::Tensor vary(const Batch& batch, double share, Noise& noise) override;

  // The standardised codes that the diffusion learns, [n, channels, height, width]: the means of
  // the posterior, or draws from it with LibTorch's generator.
  torch::Tensor codes_of(const torch::Tensor& x, bool drawn);

 private:
  enum class Phase { kAutoencoder, kMeasuring, kDiffusion };
  struct Posterior {
    torch::Tensor mean, log_variance;  // [n, channels, height, width]
  };
  Posterior posterior(const torch::Tensor& x);
  torch::Tensor image_of(const torch::Tensor& standardised);
  // Images of the codes that the sampler makes of z, at step `from`.
  torch::Tensor drawn_from(const torch::Tensor& z, int64_t from, const torch::Tensor& label,
                           const SamplerConfig& sampler, Noise& noise);
  torch::Tensor drawn_label(const SampleRequest& request) const;
  struct Terms {
    torch::Tensor loss, reconstruction, kl, sse;  // []
  };
  Terms autoencoder_terms(const torch::Tensor& x);
  void measure(const torch::Tensor& code);

  Config config_;
  std::vector<int64_t> map_;  // channels, height, width
  SamplerConfig sampler_;
  MapEncoder encoder_;
  MapDecoder decoder_;
  Denoiser denoiser_;
  // Of each channel of the codes: how many numbers were seen, their sum and that of their squares;
  // then what standardises them.
  torch::Tensor seen_, sum_, squares_, mean_, deviation_;
  Phase phase_ = Phase::kDiffusion;
  Optimizer* optimizer_ = nullptr;  // of the stage
};

}  // namespace figment::models
