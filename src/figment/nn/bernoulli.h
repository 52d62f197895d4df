// Bernoulli log-likelihoods of many decoder outputs for each example, in one pass over the logits.
#pragma once

#include <torch/torch.h>

namespace figment {

// log p(x_i) under logits [k * n, ...], of which row j * n + i is the j-th of example i: [k, n], in
// nats, summed over all elements. x: [n, ...], 0 or 1 (in between it is minus the cross-entropy, as
// for bernoulli_log_prob); of x itself there is no gradient. What is not a number stays so.
torch::Tensor bernoulli_log_probs(const torch::Tensor& logits, const torch::Tensor& x);

}  // namespace figment
