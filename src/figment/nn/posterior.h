// A draw from a diagonal normal posterior and its divergence from the standard normal, as one
// operator.
#pragma once

#include <torch/torch.h>

namespace figment {

struct PosteriorDraw {
  torch::Tensor z;   // [k, n, units]
  torch::Tensor kl;  // [n], in nats
};

// parts [n, 2 * units] is an encoder's output: the means, then the log-variances. epsilon [k, n,
// units] is standard normal. z is reparametrize() of them, and kl their kl_standard_normal(). One
// node of the graph, without a second derivative and without a gradient of epsilon, on the CPU;
// elsewhere, and without fast_paths(), by those two functions.
PosteriorDraw posterior_draw(const torch::Tensor& parts, const torch::Tensor& epsilon);

}  // namespace figment
