// The variational bound of models that make it of many steps, term by term.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

struct BoundOptions {
  std::uint64_t seed = 1;
  int64_t samples = 20;  // terms drawn for each example between the first and the last
};

// Terms first..last of the bound, together: a mean over examples in nats, with its standard error.
struct Stretch {
  int64_t first = 0, last = 0;
  double nats = 0, error = 0;
};

struct BoundByTerms {
  double prior = 0;                  // KL of what is left of the example at the last step
  std::vector<Stretch> stretches{};  // t = 1 (the decoder) alone, then 2..T in `samples` of them
  double total = 0, error = 0;       // nats an example: their sum, and its standard error
  double bits_per_dim = 0, bits_error = 0;  // the same in bits an element, on the scale of the data
};

// For each example one term in every stretch, at a t drawn evenly from it and times its length,
// which in expectation is the sum of all terms; with as many stretches as terms every term is
// asked for. The model must be a BoundTerms.
BoundByTerms bound_by_terms(Model& model, const Scaling& scaling, const Dataset& set,
                            const BoundOptions& options);

// Nats an example to add for a density on the scale of the data in place of the model's: 0 for
// images, whose bound is of their greys.
double nats_of_scale(const Scaling& scaling, const ExampleSpec& example);

}  // namespace figment
