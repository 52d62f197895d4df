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
// prior [classes], or [n, classes] where it is of something else that is known of each example: of
// p(x | class, a) it is p(class, a), whose scale does not matter. Nothing overflows. Where log p(x
// | class) is a lower bound, the result is as wrong as the gaps of the bounds differ between the
// classes.
torch::Tensor class_log_posterior(const torch::Tensor& log_density, const torch::Tensor& log_prior);

// Adds the attributes [n, a] of examples of classes `label` [n] int64 to their sums [classes, a]
// and the sums of their products [classes, a, a], both double, in place.
void add_class_moments(const torch::Tensor& label, const torch::Tensor& attributes,
                       const torch::Tensor& sum, const torch::Tensor& products);

// log p(attributes | class) of attributes [n, a] -> [n, classes] double, a normal distribution with
// its own mean and covariance for each class. It is of the `count` [classes] examples whose moments
// these are and of one more, which is as all classes together are, attribute by attribute: so a
// class of no example has a distribution too, and one whose examples are all alike has no infinite
// density.
torch::Tensor class_attribute_log_density(const torch::Tensor& count, const torch::Tensor& sum,
                                          const torch::Tensor& products,
                                          const torch::Tensor& attributes);

}  // namespace figment
