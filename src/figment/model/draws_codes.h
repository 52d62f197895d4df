// An ability of models whose codes are to be distributed as a prior: to draw from the prior, and
// from what the encoder makes of examples, so that one can be held against the other.
#pragma once

#include <torch/torch.h>

#include "figment/data/batch.h"
#include "figment/nn/noise.h"

namespace figment {

struct DrawsCodes {
  virtual ~DrawsCodes() = default;
  struct Codes {
    torch::Tensor z;      // [n, code_dim]
    torch::Tensor label;  // [n] int64, the class that each code stands for; undefined for none
  };
  // noise.size() codes from the prior, row i by (seed, first + i) alone.
  virtual Codes draw_prior(Noise& noise) = 0;
  // A code from q(z | x) for each example, [n, code_dim]; of all examples together they are draws
  // from the aggregated posterior.
  virtual torch::Tensor draw_posterior(const Batch& batch, Noise& noise) = 0;
};

}  // namespace figment
