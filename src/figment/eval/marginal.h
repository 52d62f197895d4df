// The density of examples alone, of models whose density may be of an example given its class.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

// Whether the model says how dense examples are: it has a density, and is conditioned on nothing,
// or on the class alone, which can be summed over. One that is given attributes or a part of the
// example says nothing of an example alone.
bool has_marginal(Model& model);
// Whether that density is exact, and no bound.
bool has_exact_marginal(Model& model);

// log p(x) [n] double on the CPU of examples [n, shape...] in the data's numbers, in nats and per
// the model's numbers. Of a model that is told the class, log sum over classes of p(x | class)
// p(class), the shares of the classes being those of `training_label` ([m] int64; undefined: all
// alike). What it draws for example i follows from (seed, first + i). The model must have a
// marginal.
torch::Tensor marginal_log_density(Model& model, const Scaling& scaling, const torch::Tensor& x,
                                   const torch::Tensor& training_label, std::uint64_t seed = 1,
                                   int64_t first = 0);

// The same per the data's numbers, for examples that are vectors.
torch::Tensor marginal_log_density_of_data(Model& model, const Scaling& scaling,
                                           const torch::Tensor& x,
                                           const torch::Tensor& training_label,
                                           std::uint64_t seed = 1);

}  // namespace figment
