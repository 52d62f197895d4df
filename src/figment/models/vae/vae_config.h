// The settings of a variational autoencoder.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "figment/core/config.h"
#include "figment/data/dataset.h"
#include "figment/model/optimizer.h"
#include "figment/nn/coders.h"

namespace figment::models {

enum class Likelihood { kBernoulli, kGaussian };
constexpr auto enum_names(Likelihood) {
  return std::array{EnumName<Likelihood>{"bernoulli", Likelihood::kBernoulli},
                    EnumName<Likelihood>{"gaussian", Likelihood::kGaussian}};
}

enum class Variance { kFixed, kShared, kPredicted };
constexpr auto enum_names(Variance) {
  return std::array{EnumName<Variance>{"fixed", Variance::kFixed},
                    EnumName<Variance>{"shared", Variance::kShared},
                    EnumName<Variance>{"predicted", Variance::kPredicted}};
}

enum class Binarization { kNone, kSampled };
constexpr auto enum_names(Binarization) {
  return std::array{EnumName<Binarization>{"none", Binarization::kNone},
                    EnumName<Binarization>{"sampled", Binarization::kSampled}};
}

enum class Bound { kElbo, kImportanceWeighted };
constexpr auto enum_names(Bound) {
  return std::array{EnumName<Bound>{"elbo", Bound::kElbo},
                    EnumName<Bound>{"importance_weighted", Bound::kImportanceWeighted}};
}

enum class BoundGradient { kReparametrised, kDoublyReparametrised };
constexpr auto enum_names(BoundGradient) {
  return std::array{
      EnumName<BoundGradient>{"reparametrised", BoundGradient::kReparametrised},
      EnumName<BoundGradient>{"doubly_reparametrised", BoundGradient::kDoublyReparametrised}};
}

// A second stochastic layer: a code of the code.
struct SecondLayerConfig {
  int64_t latent_dim = 0;
  std::vector<int64_t> hidden = {100};

  static constexpr auto fields() {
    using C = SecondLayerConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim,
              "Units of a second stochastic layer above the first; 0 is none.", Within{0, 65536}},
        Field{"hidden", &C::hidden,
              "Widths of the hidden layers from the first to the second, with the coder's "
              "activation; the way back mirrors them.",
              Within{1, 65536}}};
  }
};

struct VaeConfig {
  int64_t latent_dim = 2;
  SecondLayerConfig second{};
  Likelihood likelihood = Likelihood::kBernoulli;
  Binarization binarize = Binarization::kNone;
  Variance variance = Variance::kShared;
  double log_variance = -2;
  double beta = 1;
  int64_t beta_warmup_steps = 0;
  double free_bits = 0;
  int64_t samples = 1;
  Bound bound = Bound::kElbo;
  BoundGradient gradient = BoundGradient::kDoublyReparametrised;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = VaeConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code z.", Within{1, 65536}},
        Field{"second", &C::second, "A second stochastic layer."},
        Field{"likelihood", &C::likelihood,
              "p(x | z): bernoulli for images in [0, 1], gaussian for any numbers."},
        Field{"binarize", &C::binarize,
              "sampled: pixels are drawn 0 or 1 anew at every use, with their grey level as the "
              "probability, so that the bernoulli likelihood is one."},
        Field{"variance", &C::variance,
              "gaussian: the variance is fixed at exp(log_variance), one learned number shared by "
              "all, "
              "or predicted by the decoder for each element."},
        Field{"log_variance", &C::log_variance, "gaussian: log-variance, fixed or at the start.",
              Within{-12, 12}},
        Field{"beta", &C::beta, "Weight of the KL term; 1 is the evidence lower bound.",
              AtLeast{0}},
        Field{"beta_warmup_steps", &C::beta_warmup_steps, "Steps over which beta rises from 0.",
              AtLeast{0}},
        Field{"free_bits", &C::free_bits,
              "elbo: nats of KL that each unit of the code has for free, against collapse.",
              Within{0, 100}},
        Field{"samples", &C::samples, "Monte Carlo samples of z per example in training.",
              Within{1, 1000}},
        Field{"bound", &C::bound,
              "elbo: the samples are averaged; importance_weighted: the log of the mean of their "
              "weights p(x, z) / q(z | x), a bound the tighter the more samples."},
        Field{"gradient", &C::gradient,
              "importance_weighted: how the encoder's gradient is estimated; both have one "
              "expectation, doubly_reparametrised has the smaller variance."},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
  // The networks between the two stochastic layers.
  CoderConfig second_coder() const;
};

}  // namespace figment::models
