// How far a reconstruction is from its example: the losses that autoencoders choose from.
#pragma once

#include <torch/torch.h>

#include <array>

#include "figment/core/config.h"

namespace figment {

enum class ReconstructionLoss {
  kSquaredError,
  kBoundedSquaredError,
  kCrossEntropy,
  kMultinomial,
  kPoisson
};
constexpr auto enum_names(ReconstructionLoss) {
  return std::array{
      EnumName<ReconstructionLoss>{"squared_error", ReconstructionLoss::kSquaredError},
      EnumName<ReconstructionLoss>{"bounded_squared_error",
                                   ReconstructionLoss::kBoundedSquaredError},
      EnumName<ReconstructionLoss>{"cross_entropy", ReconstructionLoss::kCrossEntropy},
      EnumName<ReconstructionLoss>{"multinomial", ReconstructionLoss::kMultinomial},
      EnumName<ReconstructionLoss>{"poisson", ReconstructionLoss::kPoisson}};
}

// Mean over examples of the loss between a decoder's output and the examples x, both [n, ...] ->
// [].
//   squared_error: sum over elements of (output - x)^2;
//   bounded_squared_error: the same of s(output), for x in [0, 1]; where x is 0 or 1, as most of a
//     drawing is, the output need only be far enough out, and not exactly right;
//   cross_entropy: -sum x log s(output) + (1 - x) log(1 - s(output)), s the logistic function, for
//     x in [0, 1]; for grey x it is no likelihood and cannot reach 0;
//   multinomial, poisson: -log p(x) of counts x, softmax(output) being the shares of the elements,
//     or exp(output) their rates.
torch::Tensor reconstruction_loss(ReconstructionLoss loss, const torch::Tensor& output,
                                  const torch::Tensor& x);

// Whether the loss is one of values in [0, 1] only, which the reconstruction then is in as well.
constexpr bool bounded(ReconstructionLoss loss) {
  return loss == ReconstructionLoss::kBoundedSquaredError ||
         loss == ReconstructionLoss::kCrossEntropy;
}

// Whether the loss is one of counts.
constexpr bool of_counts(ReconstructionLoss loss) {
  return loss == ReconstructionLoss::kMultinomial || loss == ReconstructionLoss::kPoisson;
}

// The reconstruction that a decoder's output [n, ...] stands for: the mean. That of multinomial is
// of an example of `total` [n, 1] counts; of one count when it is undefined.
torch::Tensor reconstruction_of(ReconstructionLoss loss, const torch::Tensor& output,
                                const torch::Tensor& total = {});

// Mean over examples of the summed squared error, [n, ...] -> [].
torch::Tensor mean_sse(const torch::Tensor& reconstruction, const torch::Tensor& x);

}  // namespace figment
