// From the numbers a data set holds to the numbers a model sees, and back.
#pragma once

#include <torch/torch.h>

#include <string>

#include "figment/data/dataset.h"
#include "figment/data/safetensors.h"

namespace figment {

enum class ScalingKind {
  kAuto,      // bytes to [0, 1]; vectors and series standardised
  kNone,      // as it is (bytes still to [0, 1])
  kStandard,  // mean 0, variance 1 for each element position of vectors, one pair for series
  kUnit,      // smallest value to 0, largest to 1
  // In all of them one-hot inputs of words stay 0 and 1.
};

// model = (data - shift) / scale. Fitted on the training part only and kept in the checkpoint, so
// that a model is always fed as it was trained.
class Scaling {
 public:
  Scaling() = default;
  // `kind` kStandard of images standardises nothing: pixels stay in [0, 1].
  static Scaling fit(const Dataset& training, ScalingKind kind);

  // [n, shape...] uint8 or float32 -> float32 in the model's numbers, on the same device.
  torch::Tensor to_model(const torch::Tensor& data) const;
  // [n, shape...] model's numbers -> the data's numbers in float32 (bytes: 0..255, not rounded).
  torch::Tensor to_data(const torch::Tensor& model) const;

  const torch::Tensor& shift() const { return shift_; }
  const torch::Tensor& scale() const { return scale_; }

  NamedTensors state() const;
  // Throws Error(kCheckpoint) when the tensors are not those of a scaling.
  static Scaling from_state(const NamedTensors& state, const std::string& where);

 private:
  torch::Tensor shift_ = torch::zeros({1});  // [1] or [D], float32
  torch::Tensor scale_ = torch::ones({1});
};

}  // namespace figment
