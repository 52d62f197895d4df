// Bernoulli log-likelihoods, in one pass over the logits.
#pragma once

#include <torch/torch.h>

namespace figment {

// log p(x) = sum x log s(logits) + (1 - x) log(1 - s(logits)), s the logistic function (Kingma &
// Welling 2013, appendix C.1). Any logits; nothing overflows. logits, x: [n, ...] -> [n]. x in [0,
// 1]: for x other than 0 and 1 this is minus the cross-entropy, which is not a likelihood.
torch::Tensor bernoulli_log_prob(const torch::Tensor& logits, const torch::Tensor& x);

// log p(x_i) under logits [k * n, ...], of which row j * n + i is the j-th of example i: [k, n], in
// nats, summed over all elements. x: [n, ...], as above; of x itself there is no gradient. What is
// not a number stays so.
torch::Tensor bernoulli_log_probs(const torch::Tensor& logits, const torch::Tensor& x);

}  // namespace figment
