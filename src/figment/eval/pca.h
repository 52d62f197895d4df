// Principal components of examples: the trivial model that autoencoders are held against.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/nn/principal_components.h"

namespace figment {

struct Pca {
  torch::Tensor mean;      // [d]
  torch::Tensor axes;      // [d, k], orthonormal columns by falling variance
  torch::Tensor variance;  // [k] double, of each component, over n - 1
  double total = 0;        // variance of all elements together

  torch::Tensor encode(const torch::Tensor& x) const;     // [n, d] -> [n, k]
  torch::Tensor decode(const torch::Tensor& code) const;  // [n, k] -> [n, d]
};

// PCA of x [n, d] float32, n >= 2, with k <= d components.
Pca fit_pca(const torch::Tensor& x, int64_t k);

// Mean over examples of the summed squared error of PCA with k components fitted on `training`,
// both [n, d] float32; mean-centred, unclipped.
double pca_sse(const torch::Tensor& training, const torch::Tensor& test, int64_t k);

}  // namespace figment
