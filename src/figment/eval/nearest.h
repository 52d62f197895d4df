// Nearest neighbours by exact search, in pieces of bounded memory.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

struct Neighbours {
  torch::Tensor index;     // [m, k] int64 into the references, nearest first
  torch::Tensor distance;  // [m, k] Euclidean, float32
};

// The k nearest of references [n, d] to each of queries [m, d], float32 on the CPU, 1 <= k <= n.
// With `exclude_self` the queries are the first m references and none is its own neighbour (k < n).
Neighbours nearest(const torch::Tensor& references, const torch::Tensor& queries, int64_t k,
                   bool exclude_self = false);

// [m, k] out of [m, k + 1]: of each query without reference number `own` [m] int64, which it is
// itself, or without the last where that is not among them, as may be where many are at no
// distance.
Neighbours others_of(const Neighbours& found, const torch::Tensor& own);

// Share of `queries` whose class is that of most of their k nearest references; among classes with
// as many votes the one of the nearest of them wins. Labels [n], [m] int64. `exclude_self` as above
// (n > 1).
double knn_accuracy(const torch::Tensor& references, const torch::Tensor& reference_labels,
                    const torch::Tensor& queries, const torch::Tensor& labels, int64_t k,
                    bool exclude_self = false);

}  // namespace figment
