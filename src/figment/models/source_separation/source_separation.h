// Source separation by an autoencoder: sums of examples through one code (or one a source) to a
// decoder for each source. Grais & Plumbley, "Single channel audio source separation using
// convolutional denoising autoencoders", 2017, https://arxiv.org/abs/1703.08019; sources of one
// kind: permutation-invariant training, Yu et al. 2017, https://arxiv.org/abs/1607.00325 (PIT
// below).
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
#include "figment/nn/coders.h"

namespace figment::models {

enum class SourceKind { kAny, kClasses };
constexpr auto enum_names(SourceKind) {
  return std::array{EnumName<SourceKind>{"any", SourceKind::kAny},
                    EnumName<SourceKind>{"classes", SourceKind::kClasses}};
}

enum class SourceEncoders { kShared, kEach };
constexpr auto enum_names(SourceEncoders) {
  return std::array{EnumName<SourceEncoders>{"shared", SourceEncoders::kShared},
                    EnumName<SourceEncoders>{"each", SourceEncoders::kEach}};
}

enum class SourceLoss { kSquaredError, kCrossEntropy };
constexpr auto enum_names(SourceLoss) {
  return std::array{EnumName<SourceLoss>{"squared_error", SourceLoss::kSquaredError},
                    EnumName<SourceLoss>{"cross_entropy", SourceLoss::kCrossEntropy}};
}

struct SourceSeparationConfig {
  int64_t sources = 2;
  SourceKind source_kind = SourceKind::kAny;
  SourceEncoders encoders = SourceEncoders::kShared;
  SourceLoss loss = SourceLoss::kSquaredError;
  int64_t latent_dim = 64;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = SourceSeparationConfig;
    return std::tuple{
        Field{"sources", &C::sources, "How many examples are summed.", Within{2, 4}},
        Field{"source_kind", &C::source_kind,
              "any: each source is any example, and a decoder may give any of them "
              "(permutation-invariant loss). classes: source j is of the classes j, j + sources, "
              "j + 2 sources, ..., and decoder j gives it; needs labels."},
        Field{"encoders", &C::encoders,
              "shared: one encoder whose code is dealt out to the decoders; each: an encoder a "
              "source."},
        Field{"loss", &C::loss,
              "squared_error for any numbers; cross_entropy for images in [0, 1], with a logistic "
              "output."},
        Field{"latent_dim", &C::latent_dim, "Width of the code of each source.", Within{1, 65536}},
        Field{"coder", &C::coder, "The encoder; the decoders mirror it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class SourceSeparation : public Model, public Separates {
 public:
  using Config = SourceSeparationConfig;
  SourceSeparation(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  int64_t sources() const override { return config_.sources; }
  Mixture mix(const Batch& batch, Noise& noise) override;
  torch::Tensor separate(const torch::Tensor& x) override;

  // The loss of outputs [n, k, shape...] against sources of that shape, under the cheapest
  // assignment of outputs to sources for each example when any may be any (PIT, section 3). []
  torch::Tensor loss(const torch::Tensor& outputs, const torch::Tensor& sources) const;

 private:
  // Row i of the mixtures is a function of uniform[i]. uniform: [n, k] in [0, 1).
  Mixture mix_by(const Batch& batch, const torch::Tensor& uniform) const;
  // Before the logistic function, if there is one. [n, k, shape...]
  torch::Tensor outputs_of(const torch::Tensor& x);
  torch::Tensor mean_of(const torch::Tensor& outputs) const;

  Config config_;
  std::vector<Encoder> encoders_;
  std::vector<Decoder> decoders_;
  Optimizer& optimizer_;
};

}  // namespace figment::models
