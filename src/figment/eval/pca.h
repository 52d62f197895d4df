// Principal components of examples: the trivial model that autoencoders are held against.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>

#include "figment/data/scaling.h"
#include "figment/nn/principal_components.h"

namespace figment {

// Rows of a set, as it is held, -> the numbers that count, [m, d] float32. Empty: they are these.
using Numbers = std::function<torch::Tensor(const torch::Tensor& rows)>;

// What a model sees of them. `scaling` must outlive it.
Numbers numbers_of(const Scaling& scaling);

struct Pca {
  torch::Tensor mean;      // [d]
  torch::Tensor axes;      // [d, k], orthonormal columns by falling variance
  torch::Tensor variance;  // [k] double, of each component, over n - 1
  double total = 0;        // variance of all elements together

  torch::Tensor encode(const torch::Tensor& x) const;  // [n, d] -> [n, k]
  // The same of rows as a set holds them.
  torch::Tensor encode(const torch::Tensor& rows, const Numbers& numbers) const;
  torch::Tensor decode(const torch::Tensor& code) const;  // [n, k] -> [n, d]
};

// Calls `use` with the numbers of a few rows of x after another, so that those of all rows are
// never held at once.
void for_rows(const torch::Tensor& x, const Numbers& numbers,
              const std::function<void(const torch::Tensor&)>& use);

// PCA of n rows of d numbers, n >= 2, with k <= d components.
Pca fit_pca(const torch::Tensor& x, int64_t k, const Numbers& numbers = {});

// Mean over the rows of x of the summed squared difference between their numbers and what `answer`
// gives for these: [m, d], or what broadcasts to it. `real` [n, d] is 1 where an element counts and
// 0 where it is padding; undefined: all count.
double sse_of_answers(const torch::Tensor& x, const Numbers& numbers, const Numbers& answer,
                      const torch::Tensor& real = {});

// The same of the answers of PCA with k components fitted on `training`; mean-centred, unclipped.
double pca_sse(const torch::Tensor& training, const torch::Tensor& test, int64_t k,
               const Numbers& numbers = {}, const torch::Tensor& real = {});

// explained_variance (nn/principal_components.h) of rows as a set holds them.
torch::Tensor explained_variance(const torch::Tensor& rows, const torch::Tensor& mean,
                                 const torch::Tensor& axes, const Numbers& numbers);

}  // namespace figment
