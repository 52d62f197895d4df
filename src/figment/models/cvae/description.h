// What an example is said to be, its class and its attributes, as numbers for a network.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <utility>

#include "figment/data/batch.h"
#include "figment/nn/noise.h"

namespace figment::models {

// Class as one of [classes] numbers, attributes standardised by their mean and deviation over the
// training set: [n, width], width = classes + attributes. Either may be none (0). What it knows of
// the training set is kept in buffers.
class DescriptionImpl : public torch::nn::Module {
 public:
  DescriptionImpl(int64_t classes, int64_t attributes);

  int64_t width() const { return classes_ + attributes_; }
  // Counts the classes and the moments of a batch; `forget` begins anew.
  void learn(const Batch& batch);
  void forget();
  // Throws Error(kData) when a batch lacks labels or attributes that this needs, or has a label or
  // as many attributes as the model does not know.
  void check(const Batch& batch) const;

  // [n, width]. label [n] or undefined: the shares of the classes in the training set. attributes
  // [n, a] or undefined: their means.
  torch::Tensor forward(const torch::Tensor& label, const torch::Tensor& attributes, int64_t n);

  // Draws what is not asked for: labels [n] by their shares; attributes [n, a] from the normal
  // distribution with the training set's means and covariances, given those columns of `asked` that
  // hold numbers; yes or no by their share.
  torch::Tensor draw_label(Noise& noise);
  torch::Tensor draw_attributes(Noise& noise, const torch::Tensor& asked);

  torch::Tensor log_prior() const;  // [classes], log p(class)
  // [n, classes], log p(class, attributes) of attributes [n, a], each class with its own normal
  // distribution of them (nn/bayes.h); log_prior() where the description has no attributes.
  torch::Tensor log_prior(const torch::Tensor& attributes) const;
  torch::Tensor mean() const;          // [a] float32
  torch::Tensor deviation() const;     // [a] float32
  torch::Tensor is_yes_or_no() const;  // [a] bool

 private:
  torch::Tensor correlation() const;  // [a, a] double

  int64_t classes_, attributes_;
  torch::Tensor counts_;    // [classes] int64
  torch::Tensor seen_;      // [] int64, examples with attributes
  torch::Tensor sum_;       // [a] double
  torch::Tensor products_;  // [a, a] double, sums of products
  torch::Tensor two_;       // [a] bool: nothing but 0 and 1 was seen
  // Of both: [classes, a] and [classes, a, a] double, the sums for each class.
  torch::Tensor class_sum_, class_products_;
};
TORCH_MODULE(Description);

}  // namespace figment::models
