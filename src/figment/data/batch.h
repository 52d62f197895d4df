// What one training step sees.
#pragma once

#include <torch/torch.h>

namespace figment {

struct Batch {
  torch::Tensor x{};      // [n, example shape...] float32: images in [0, 1], others as scaled
  torch::Tensor y{};      // [n, ...] the second domain or the condition; may be undefined
  torch::Tensor label{};  // [n] int64 classes; may be undefined

  int64_t size() const { return x.size(0); }
};

}  // namespace figment
