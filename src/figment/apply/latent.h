// Views of a latent space: the grid of codes that a manifold is decoded from, and maps in two
// dimensions.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

// Points [side * side, 2] double: the centres of a grid over the unit square, row by row from the
// top; the first coordinate to the right, the second upwards.
torch::Tensor unit_grid(int64_t side);

// Points [m, 2] of the unit square with each coordinate pushed through a quantile function: the
// standard normal's, or with values [n, 2] that of each column. Double.
torch::Tensor through_quantiles(const torch::Tensor& unit, const torch::Tensor& values = {});

// Codes [side * side, 2] of a grid, row by row from the top: the centres of a side x side grid over
// the unit square, each coordinate pushed through a quantile function, so that equal probability
// gets equal room. First coordinate to the right, second upwards. Without `codes` the quantiles are
// the standard normal's (Kingma & Welling 2013, figure 4); with codes [n, 2] they are those of each
// column.
torch::Tensor manifold_codes(int64_t side, const torch::Tensor& codes = {});

// Of what a plane of codes of two numbers has equal shares: of the standard normal, for models that
// sample and say of no other prior; of draws from the prior, for those that do; else of the codes
// of examples.
enum class Shares { kNormal, kPrior, kExamples };
Shares shares_of(Model& model);

// 20,000 codes [n, code_dim] of the model's prior, float32 on the CPU, always the same ones. The
// model must be DrawsPrior.
torch::Tensor draws_of_prior(Model& model);

// Whether the model has codes of two numbers and can decode them, without a condition.
bool has_manifold(Model& model);

// The decoded manifold [side * side, example shape...], in equal shares as shares_of says; those of
// examples are of `set`.
torch::Tensor manifold(Model& model, const Scaling& scaling, const Dataset& set, int64_t side);

// Codes [n, k] as points [n, 2]: as they are for k = 2, else their two main axes.
torch::Tensor map_to_plane(const torch::Tensor& codes);

}  // namespace figment
