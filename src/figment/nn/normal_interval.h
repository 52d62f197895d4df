// Logarithms of what the standard normal has below a number and in an interval, also where the
// probability itself is too small for a number.
#pragma once

#include <torch/torch.h>

namespace figment {

// log Phi(x) of any x, in any floating type, differentiable. The values are those of
// torch::special::log_ndtr, whose gradient loses its digits in float32 far below 0.
torch::Tensor log_normal_cdf(const torch::Tensor& x);

// log(Phi(centre + half) - Phi(centre - half)), half above 0; shapes broadcast. Differentiable.
torch::Tensor log_normal_interval(const torch::Tensor& centre, const torch::Tensor& half);

}  // namespace figment
