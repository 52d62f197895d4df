// The Parzen window estimate of log-density that generative models without a density were compared
// by. Breuleux, Bengio & Vincent, "Quickly generating representative samples from an RBM-derived
// process", 2011, section 4; Goodfellow et al., "Generative adversarial nets", 2014, section 5. Why
// it says little: Theis, van den Oord & Bethge, "A note on the evaluation of generative models",
// 2016.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace figment {

// log of the mean over `centres` [m, d] of N(x; centre, sigma^2 I), for each of x [n, d] and each
// of `sigmas`, in nats: [sigmas, n] double. float32 on the CPU; in pieces of bounded memory.
torch::Tensor parzen_log_density(const torch::Tensor& centres, const torch::Tensor& x,
                                 const std::vector<double>& sigmas);

// Ten from 0.1 to 1, evenly by their logarithm.
std::vector<double> parzen_sigmas();

struct Parzen {
  double sigma = 0;           // the one of parzen_sigmas() with the highest mean on `held_out`
  bool at_the_edge = false;   // whether it is the smallest or the largest of them
  double mean = 0;            // of the log-density over `x`
  double standard_error = 0;  // of that mean, over the examples of x; 0 for one example
};
Parzen fit_parzen(const torch::Tensor& centres, const torch::Tensor& held_out,
                  const torch::Tensor& x);

}  // namespace figment
