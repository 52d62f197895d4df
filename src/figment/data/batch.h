// What one training step sees.
#pragma once

#include <torch/torch.h>

namespace figment {

struct Batch {
  torch::Tensor x{};      // [n, example shape...] float32: images in [0, 1], others as scaled
  torch::Tensor y{};      // [n, ...] the second domain or the condition; may be undefined
  torch::Tensor label{};  // [n] int64 classes; may be undefined
  // [n] int64 in 1..T: steps of each series that are real, the rest is padding (0 in the model's
  // numbers); undefined when all series are whole.
  torch::Tensor length{};
  // [n, a] float32, as the set has them: what describes each example beside its class, in the order
  // of ExampleSpec::attributes; undefined when there are none.
  torch::Tensor attributes{};

  int64_t size() const { return x.size(0); }
};

}  // namespace figment
