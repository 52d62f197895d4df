// Log-densities and divergences that the families are made of.
//
// Arguments have examples along the first dimension, [n, ...], in any floating type; results are
// [n], summed over all other dimensions, in nats, and differentiable with respect to every
// argument.
#pragma once

#include <torch/torch.h>

namespace figment {

// KL(N(mean, diag exp(log_variance)) || N(0, I)) = 1/2 sum(mean^2 + exp(log_variance) - 1 -
// log_variance) (Kingma & Welling 2013, appendix B). mean, log_variance: [n, ...] -> [n].
torch::Tensor kl_standard_normal(const torch::Tensor& mean, const torch::Tensor& log_variance);

// log N(x; mean, diag exp(log_variance)) (Kingma & Welling 2013, appendix C.2). x: [n, ...] -> [n].
// mean and log_variance may be anything that broadcasts to x's shape, such as one number for all.
torch::Tensor gaussian_log_prob(const torch::Tensor& x, const torch::Tensor& mean,
                                const torch::Tensor& log_variance);

// log N(x; 0, I). x: [n, ...] -> [n].
torch::Tensor standard_normal_log_prob(const torch::Tensor& x);

// log of the multinomial probability of the counts x, of as many draws as they sum to, when
// softmax(logits) are the probabilities: log N! - sum log x! + sum x log softmax(logits), N = sum x
// (Salakhutdinov & Hinton 2009, "Replicated softmax", for counts of words). logits, x: [n, ...] ->
// [n]. x at least 0; between integers the factorials go on as gamma functions.
torch::Tensor multinomial_log_prob(const torch::Tensor& logits, const torch::Tensor& x);

// sum x log_rate - exp(log_rate) - log x!, the log-probability of counts x that are Poisson with
// the rates exp(log_rate). log_rate, x: [n, ...] -> [n]. x as above.
torch::Tensor poisson_log_prob(const torch::Tensor& log_rate, const torch::Tensor& x);

// mean + exp(log_variance / 2) * epsilon (Kingma & Welling 2013, equation 10); shapes broadcast, so
// that epsilon may be [k, n, d] for k particles.
torch::Tensor reparametrize(const torch::Tensor& mean, const torch::Tensor& log_variance,
                            const torch::Tensor& epsilon);

// log(1/K sum exp(values)) over dimension `dim` of length K, which is removed (Burda et al. 2016,
// equation 8). Nothing overflows.
torch::Tensor log_mean_exp(const torch::Tensor& values, int64_t dim);

}  // namespace figment
