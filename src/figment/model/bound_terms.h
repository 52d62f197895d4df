// Models whose bound on log p(x) is a sum over many steps, each of which can be asked for alone.
#pragma once

#include <torch/torch.h>

#include "figment/data/batch.h"

namespace figment {

// -log p(x) <= prior_term + the sum of bound_term over t = 1..terms(), each an expectation over
// noise (Ho et al. 2020, eq. 5). In nats; of images in bits of 256 greys (likelihood of an
// integer), of others per the model's numbers.
struct BoundTerms {
  virtual ~BoundTerms() = default;
  virtual int64_t terms() const = 0;
  // [n] at t [n] int64 in 1..terms() for noise [n, shape...], standard normal; t = 1 is -log p(x |
  // x_1), the others are the KL of a step back.
  virtual torch::Tensor bound_term(const Batch& batch, const torch::Tensor& t,
                                   const torch::Tensor& noise) = 0;
  virtual torch::Tensor prior_term(const torch::Tensor& x) const = 0;  // [n], KL(q(x_T | x) || p)
};

}  // namespace figment
