// Variational autoencoder. Kingma & Welling, "Auto-Encoding Variational Bayes", 2013,
// https://arxiv.org/abs/1312.6114 (AEVB below); weight beta: Higgins et al., "beta-VAE", 2017;
// importance-weighted bound and a second stochastic layer: Burda, Grosse, Salakhutdinov,
// "Importance Weighted Autoencoders", 2016, https://arxiv.org/abs/1509.00519 (IWAE below).
#pragma once

#include "figment/model/abilities.h"
#include "figment/model/draws_codes.h"
#include "figment/model/likelihood.h"
#include "figment/model/model.h"
#include "figment/models/vae/vae_config.h"

namespace figment::models {

// With one stochastic layer p(x, z) = p(x | z) N(z; 0, I). With a second u above it
// p(x, z, u) = p(x | z) p(z | u) N(u; 0, I) and q(z, u | x) = q(z | x) q(u | z), all normal but the
// likelihood, with diagonal covariance. The code is z in any case, from which the decoder makes the
// example; sampling begins at the top.
class Vae : public Model,
            public Samples,
            public Encodes,
            public Decodes,
            public Reconstructs,
            public Densities,
            public Posteriors,
            public StatesLikelihood,
            public DrawsCodes {
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
  torch::Tensor log_weights(const Batch& batch, Noise& noise, int64_t samples) override;
  std::vector<torch::Tensor> posterior_means(const Batch& batch) override;
  LikelihoodOf likelihood_of() const override;
  bool prior_is_standard_normal() const override { return !has_second(); }
  Codes draw_prior(Noise& noise) override;
  torch::Tensor draw_posterior(const Batch& batch, Noise& noise) override;

  // Standard normal noise for k codes of each of n examples. The second is undefined where there is
  // one layer.
  struct Epsilon {
    torch::Tensor first, second;  // [k, n, latent], [k, n, second latent]
  };
  // The two terms of the ELBO, [n] each: E log p(x | z) over the given noise, and
  // KL(q(z | x) || p(z)): in closed form of one layer; of two that of the upper in closed form and
  // that of the lower over the noise. x [n, shape...].
  struct Terms {
    torch::Tensor reconstruction, kl;
    std::vector<torch::Tensor> unit_kl;  // [n, units] for each layer; only for free bits
  };
  Terms terms(const torch::Tensor& x, const Epsilon& epsilon);
  Terms terms(const torch::Tensor& x, const torch::Tensor& epsilon) {
    return terms(x, Epsilon{epsilon, {}});
  }

  // What the importance-weighted bound is made of, [k, n] each.
  struct Weights {
    torch::Tensor log_likelihood, log_prior, log_posterior;  // log p(x | z), log p(z), log q(z | x)
    // log p(x, z) - log q(z | x) where beta is 1.
    torch::Tensor log_weights(double beta = 1) const {
      return log_likelihood + beta * (log_prior - log_posterior);
    }
  };
  Weights weigh(const torch::Tensor& x, const Epsilon& epsilon);
  // The importance-weighted bound (IWAE eq. 8) with the KL weighted by beta, mean over examples,
  // and a loss whose gradient is an unbiased estimate of that of its negative: as config.gradient
  // says.
  struct Objective {
    torch::Tensor bound, loss;  // [] each
    Weights weights;
  };
  Objective importance_weighted(const torch::Tensor& x, const Epsilon& epsilon, double beta);

 private:
  struct Posterior {
    torch::Tensor mean, log_variance;  // [..., units]
  };
  struct Path;  // how gradients come back from the weights to the codes (bounds.cc)
  bool has_second() const { return config_.second.latent_dim > 0; }
  static Posterior halves_of(const torch::Tensor& parts);  // [n, 2 latent]
  Posterior posterior(const torch::Tensor& x);
  Posterior second_posterior(const torch::Tensor& z);  // [..., latent] -> [..., second latent]
  Posterior second_posterior_frozen(const torch::Tensor& z);  // no gradient to its weights
  Posterior prior_given(const torch::Tensor& u);  // [..., second latent] -> [..., latent]
  Weights weigh(const torch::Tensor& x, const Epsilon& epsilon, const Path* path);
  Epsilon draw(int64_t k, const torch::Tensor& x) const;  // from LibTorch's generator
  Epsilon draw(int64_t k, Noise& noise) const;
  // Codes z from the top: of p(z), but for the spread of the noise. [noise.size(), latent]
  torch::Tensor ancestral_code(Noise& noise, double temperature);
  // log p(x | z) from the decoder's output. [n]
  torch::Tensor log_likelihood(const torch::Tensor& x, const torch::Tensor& output) const;
  // The same of k codes for each example, z [k, n, latent]. [k, n]
  torch::Tensor log_likelihoods(const torch::Tensor& x, const torch::Tensor& z);
  torch::Tensor mean_of(const torch::Tensor& output) const;
  torch::Tensor binarized(const torch::Tensor& x) const;
  torch::Tensor penalty(const Terms& t) const;  // the KL of the loss. []
  static Metrics metrics_of(const Objective& objective);
  double beta_now() const;

  Config config_;
  Encoder encoder_;
  Decoder decoder_;
  torch::Tensor log_variance_;       // [] parameter or buffer; undefined where it is not used
  Encoder second_encoder_{nullptr};  // both null where there is one stochastic layer
  Decoder second_decoder_{nullptr};
  Optimizer& optimizer_;
};

}  // namespace figment::models
