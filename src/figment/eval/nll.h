// The negative log-likelihood of examples, by importance sampling where a model has a posterior in
// place of an exact density.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/active_units.h"
#include "figment/model/model.h"

namespace figment {

// Mean over examples of the summed entropies of their elements as probabilities, in nats: what
// minus a cross-entropy cannot exceed. 0 where all elements are 0 or 1. x: [n, ...] in [0, 1].
double entropy_floor(const torch::Tensor& x);

struct NllOptions {
  std::uint64_t seed = 1;
  int64_t samples = 5000;  // codes for each example
};

// Of every example, in nats and in float64, [n] each.
struct Nll {
  torch::Tensor log_density;  // log p(x), exact or estimated
  // Estimated ones only: the mean of the log-weights, which is the ELBO by as many samples, and
  // (sum w)^2 / sum w^2, how many of the samples count (Kong 1992).
  torch::Tensor elbo{}, effective_samples{};
  torch::Tensor kl{};                 // where the model states it as a part of its density
  std::vector<ActiveUnits> layers{};  // of the posterior; for two examples at least
};

// By Densities where that is exact ("log_density"), else by Posteriors with
//   log p(x) ~ log 1/K sum_k p(x, z_k) / q(z_k | x),   z_k ~ q(z | x)   (Burda et al. 2016, eq. 8),
// whose expectation is below log p(x), the less the larger K. Examples of a model that draws its
// pixels are drawn once, by the seed. Memory does not grow with the number of examples. The model
// must have one of the two, and a likelihood: see likelihood_problem.
Nll estimate_nll(Model& model, const Scaling& scaling, const Dataset& set,
                 const NllOptions& options);

// [n, shape...] float32 on the CPU, 1 for the elements of an example that the model's density is of
// and 0 for those that it is given. sizes: n and the shape of an example.
torch::Tensor told_elements(Model& model, at::IntArrayRef sizes);

// Why what a model says of these examples is no likelihood; empty when it is one.
std::string likelihood_problem(Model& model, const Scaling& scaling, const Dataset& set);

}  // namespace figment
