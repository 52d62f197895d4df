// Bayes' rule over classes.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// log p(class) from how many examples of each class were seen, [classes] int64 -> [classes] double:
// (count + 1) / (all + classes), Laplace's rule, so that no class is impossible and without any
// example all are alike.
torch::Tensor log_class_prior(const torch::Tensor& counts);

// log p(class | x) = log p(x | class) + log p(class) - log p(x), all [n, classes] in nats, the
// prior [classes]. Nothing overflows. Where log p(x | class) is a lower bound, the result is as
// wrong as the gaps of the bounds differ between the classes.
torch::Tensor class_log_posterior(const torch::Tensor& log_density, const torch::Tensor& log_prior);

}  // namespace figment
