// Variational autoencoder. Kingma & Welling, "Auto-Encoding Variational Bayes", 2013,
// https://arxiv.org/abs/1312.6114 (AEVB below); weight beta: Higgins et al., "beta-VAE", 2017.
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/model.h"
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

struct VaeConfig {
  int64_t latent_dim = 2;
  Likelihood likelihood = Likelihood::kBernoulli;
  Binarization binarize = Binarization::kNone;
  Variance variance = Variance::kShared;
  double log_variance = -2;
  double beta = 1;
  int64_t beta_warmup_steps = 0;
  int64_t samples = 1;
  CoderConfig coder{};
  OptimizerConfig optimizer{};

  static constexpr auto fields() {
    using C = VaeConfig;
    return std::tuple{
        Field{"latent_dim", &C::latent_dim, "Width of the code z.", Within{1, 65536}},
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
        Field{"samples", &C::samples, "Monte Carlo samples of z per example in training.",
              Within{1, 1000}},
        Field{"coder", &C::coder, "The encoder; the decoder mirrors it."},
        Field{"optimizer", &C::optimizer, "The optimizer."}};
  }
  void check(const Problems::Scope& scope) const;
  void check_example(const ExampleSpec& example, const Problems::Scope& scope) const;
};

class Vae : public Model,
            public Samples,
            public Encodes,
            public Decodes,
            public Reconstructs,
            public Densities {
 public:
  using Config = VaeConfig;
  Vae(const Config& config, const ExampleSpec& example);

  Metrics training_step(const Batch& batch) override;
  Metrics validation_step(const Batch& batch) override;
  torch::Tensor sample(const SampleRequest& request) override;
  int64_t code_dim() const override { return config_.latent_dim; }
  torch::Tensor encode(const Batch& batch) override;
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override;
  torch::Tensor reconstruct(const Batch& batch) override;
  const char* density_name() const override { return "elbo"; }
  LogDensity log_density(const Batch& batch, Noise& noise) override;

  // The two terms of the bound, [n] each: E log p(x | z) over the given noise, and
  // KL(q(z | x) || p(z)). x [n, shape...], epsilon [k, n, latent].
  struct Terms {
    torch::Tensor reconstruction, kl;
  };
  Terms terms(const torch::Tensor& x, const torch::Tensor& epsilon);

 private:
  struct Posterior {
    torch::Tensor mean, log_variance;  // [n, latent]
  };
  Posterior posterior(const torch::Tensor& x);
  // log p(x | z) from the decoder's output. [n]
  torch::Tensor log_likelihood(const torch::Tensor& x, const torch::Tensor& output) const;
  torch::Tensor mean_of(const torch::Tensor& output) const;
  torch::Tensor binarized(const torch::Tensor& x) const;
  double beta_now() const;

  Config config_;
  Encoder encoder_;
  Decoder decoder_;
  torch::Tensor log_variance_;  // [] parameter or buffer; undefined where it is not used
  Optimizer& optimizer_;
};

}  // namespace figment::models
