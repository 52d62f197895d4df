// A whole sequence of one LSTM layer as one operator: a single product for all inputs, gates fused
// between the products of the steps, a single product for the gradient of the recurrent weight.
#pragma once

#include <torch/torch.h>

namespace figment {

struct LstmSequence {
  torch::Tensor output;  // [T, n, width], of every step
  torch::Tensor cell;    // [n, width], after the last
};

// What torch::lstm computes for one layer, for T >= 1 steps on a CPU in float32 or float64;
// differentiable once, not twice.
//   sums: [T, n, 4 * width], the inputs times their weight, and all biases; gates in PyTorch's
//     order i, f, g, o. May be expanded along T when all inputs are the same.
//   weight: [4 * width, width], of the recurrence.
//   output, cell: [n, width], the state before the first step.
LstmSequence lstm_sequence(const torch::Tensor& sums, const torch::Tensor& weight,
                           const torch::Tensor& output, const torch::Tensor& cell);

// Whether lstm_sequence can take tensors like x: on a CPU, of float or double, or of bfloat16,
// which it takes as float.
bool lstm_sequence_takes(const torch::Tensor& x);

}  // namespace figment
