// Abilities of models with a distribution of codes, their prior: to draw from it; and, where codes
// of examples are to be distributed so, to draw from what the encoder makes of them, so that one
// can be held against the other.
#pragma once

#include <torch/torch.h>

#include "figment/data/batch.h"
#include "figment/nn/noise.h"

namespace figment {

// What a model that decodes can be given without one that encodes.
struct DrawsPrior {
  virtual ~DrawsPrior() = default;
  virtual int64_t code_dim() const = 0;
  struct Codes {
    torch::Tensor z;      // [n, code_dim]
    torch::Tensor label;  // [n] int64, the class that each code stands for; undefined for none
  };
  // Whether each number of a code is standard normal, as is said where it is known: then quantiles
  // of the prior are exact, and need no draws.
  virtual bool prior_is_standard_normal() const { return false; }
  // noise.size() codes from the prior, row i by (seed, first + i) alone.
  virtual Codes draw_prior(Noise& noise) = 0;
};

struct DrawsCodes : DrawsPrior {
  // A code from q(z | x) for each example, [n, code_dim]; of all examples together they are draws
  // from the aggregated posterior.
  virtual torch::Tensor draw_posterior(const Batch& batch, Noise& noise) = 0;
};

}  // namespace figment
