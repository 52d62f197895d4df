// A small network of linear layers over very many rows, as the couplings of a flow have at every
// pixel, taken from its first layer to its last a few rows at a time.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace figment {

// y = W_k relu(... relu(W_1 x + b_1) ...) + b_k for each row of x [n, in]; layer i has the weight
// [out, in] and the bias [out], of which the last may be undefined for none. [n, out of the last].
// A thread takes a block of rows through all layers, while they are in its cache and without
// waiting for the others; of many rows, the backward pass computes them again in place of reading
// them back. The result does not depend on the threads, up to how their BLAS multiplies. One node
// of the graph, without a second derivative. On the CPU, float or double; elsewhere and without
// fast_paths() layer by layer.
torch::Tensor row_network(const torch::Tensor& x, const std::vector<torch::Tensor>& weights,
                          const std::vector<torch::Tensor>& biases);

}  // namespace figment
