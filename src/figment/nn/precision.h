// Mixed precision: matrix products and convolutions of a training step in bfloat16, everything
// else, the weights among it, in single precision. Micikevicius et al., "Mixed precision training",
// 2018; Kalamkar et al., "A study of BFLOAT16 for deep learning training", 2019, whose range is
// that of float, so that no loss needs a scale.
#pragma once

#include <torch/torch.h>

#include <array>

#include "figment/core/config.h"

namespace figment {

enum class Precision { kFloat32, kBfloat16 };
constexpr auto enum_names(Precision) {
  return std::array{EnumName<Precision>{"float32", Precision::kFloat32},
                    EnumName<Precision>{"bfloat16", Precision::kBfloat16}};
}

// While it lives, what this thread asks of LibTorch on `device` is computed in `precision`, by
// LibTorch's autocast: a product casts its operands, an operator that needs the digits casts back.
// Not for gradients of what was computed: the way back has the types of the way there, and
// Optimizer takes it in float32.
class PrecisionScope {
 public:
  PrecisionScope(Precision precision, const torch::Device& device);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  torch::DeviceType device_;
  bool enabled_, remembers_;
  torch::ScalarType type_;
};

// Whether a PrecisionScope of this thread computes products on `device` in fewer digits.
bool lowers_precision(const torch::Device& device);

// x, in single precision where it has fewer digits: for operators of our own, which have no others.
torch::Tensor in_full(const torch::Tensor& x);

}  // namespace figment
