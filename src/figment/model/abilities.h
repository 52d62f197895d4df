// What a model can be asked to do beyond learning: small interfaces it may also have. All are
// called in evaluation mode without gradients, with float32 tensors on the model's device, in the
// model's numbers (images in [0, 1], others as scaled for it).
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "figment/data/batch.h"
#include "figment/nn/noise.h"

namespace figment {

struct SampleRequest {
  int64_t n = 1;
  Noise* noise = nullptr;  // source of all randomness; row i depends on (seed, i) alone
  torch::Tensor label{};   // [n] int64, the classes asked for; undefined for any
  double temperature = 1;  // spread of the latent noise
  // [n, a] the attributes asked for, as in Batch; undefined for any.
  torch::Tensor attributes{};
};

struct Samples {
  virtual ~Samples() = default;
  // Whether request.label decides what is drawn.
  virtual bool knows_classes() const { return false; }
  // [n, example shape...]
  virtual torch::Tensor sample(const SampleRequest& request) = 0;
};

struct Encodes {
  virtual ~Encodes() = default;
  virtual int64_t code_dim() const = 0;
  // [n, code_dim]; for a distribution over codes, its mean.
  virtual torch::Tensor encode(const Batch& batch) = 0;
};

struct Decodes {
  virtual ~Decodes() = default;
  // code [n, code_dim], label [n] or undefined -> [n, example shape...]
  virtual torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label = {}) = 0;
};

struct Reconstructs {
  virtual ~Reconstructs() = default;
  // [n, example shape...], the mean where the model has a distribution.
  virtual torch::Tensor reconstruct(const Batch& batch) = 0;
};

// The log-density of examples in nats, in the model's numbers.
struct LogDensity {
  torch::Tensor total;                                       // [n]
  std::vector<std::pair<std::string, torch::Tensor>> parts;  // named terms, [n] each
};

struct Densities {
  virtual ~Densities() = default;
  // "log_density" when exact, "elbo" for a lower bound by one Monte Carlo sample.
  virtual const char* density_name() const = 0;
  virtual LogDensity log_density(const Batch& batch, Noise& noise) = 0;
};

// Has a distribution q(z | x) over codes, by which p(x) can be estimated.
struct Posteriors {
  virtual ~Posteriors() = default;
  // log p(x, z) - log q(z | x) for `samples` codes z drawn from q(z | x): [samples, n]. The log of
  // the mean of their exponentials over the samples estimates log p(x) from below (Burda et al.
  // 2016, eq. 8), the closer the more samples.
  virtual torch::Tensor log_weights(const Batch& batch, Noise& noise, int64_t samples) = 0;
  // The means of q(z | x), [n, units] for each stochastic layer from the data upwards.
  virtual std::vector<torch::Tensor> posterior_means(const Batch& batch) = 0;
};

// Makes examples under a condition: a class, attributes, or the part of an example that is known.
struct Conditions {
  virtual ~Conditions() = default;
  // Whether the condition has a class / attributes / a part of the example in it.
  virtual bool on_class() const = 0;
  virtual bool on_attributes() const = 0;
  virtual bool on_part() const = 0;
  // code [n, code_dim] under the condition that `given` holds (its label, its attributes, the part
  // of its x that the model conditions on) -> [n, example shape...].
  virtual torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) = 0;
};

struct Translates {
  virtual ~Translates() = default;
  // Examples of one domain to the other: [n, ...] -> [n, ...].
  virtual torch::Tensor translate(const Batch& batch, Noise& noise) = 0;
};

struct Completes {
  virtual ~Completes() = default;
  // Fills what is hidden: mask [n, 1, H, W] is 1 where x is known.
  virtual torch::Tensor complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) = 0;
};

// Restores what was damaged: a denoising autoencoder.
struct Restores {
  virtual ~Restores() = default;
  // x [n, shape...] as the model was trained to see it damaged.
  virtual torch::Tensor corrupt(const torch::Tensor& x, Noise& noise) = 0;
  // Damaged x [n, shape...] -> clean [n, shape...].
  virtual torch::Tensor restore(const torch::Tensor& damaged) = 0;
};

// Takes sums of examples apart into what they were summed of.
struct Separates {
  virtual ~Separates() = default;
  struct Mixture {
    torch::Tensor x;        // [n, shape...]
    torch::Tensor sources;  // [n, k, shape...]
  };
  virtual int64_t sources() const = 0;  // k
  // Mixtures of the examples of a batch, drawn as in training; n may be smaller than the batch.
  virtual Mixture mix(const Batch& batch, Noise& noise) = 0;
  // x [n, shape...] -> [n, k, shape...]; in which order is the model's to know or not.
  virtual torch::Tensor separate(const torch::Tensor& x) = 0;
};

// Codes that are bits.
struct Hashes {
  virtual ~Hashes() = default;
  virtual int64_t bits() const = 0;
  // [n, bits] uint8, 0 or 1.
  virtual torch::Tensor hash(const Batch& batch) = 0;
};

// Is a projection onto a linear subspace.
struct Projects {
  virtual ~Projects() = default;
  // [k, elements], orthonormal rows that span the subspace, in the order of importance if there is
  // one; of examples less mean().
  virtual torch::Tensor axes() const = 0;
  virtual torch::Tensor mean() const = 0;  // [elements]
};

struct Classifies {
  virtual ~Classifies() = default;
  // [n, classes], log p(class | x).
  virtual torch::Tensor classify(const Batch& batch) = 0;
};

}  // namespace figment
