// Latent semantic analysis of counts of words: the trivial model that codes of documents are held
// against. Deerwester et al., "Indexing by latent semantic analysis", 1990.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/data/dataset.h"

namespace figment {

// Whether the examples are vectors of counts: integers, none below 0.
bool holds_counts(const Dataset& set);

// log(n / number of the n documents that have the word), 0 for words that none has. counts [n, d]
// -> [d] float32.
torch::Tensor inverse_document_frequency(const torch::Tensor& counts);

struct Lsa {
  torch::Tensor weight;    // [d], of each word: its inverse document frequency in the training set
  torch::Tensor axes;      // [d, k], right singular vectors as columns, by falling singular value
  torch::Tensor singular;  // [k] double

  torch::Tensor encode(const torch::Tensor& counts) const;  // [n, d] -> [n, k]
};

// Truncated singular value decomposition, not centred, of log(1 + counts) * weight; counts [n, d]
// float32, k <= min(n, d), d as for PCA.
Lsa fit_lsa(const torch::Tensor& counts, int64_t k);

}  // namespace figment
