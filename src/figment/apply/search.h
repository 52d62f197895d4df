// Finding the examples whose codes are nearest: by Hamming distance for models that hash, by
// Euclidean distance for those that only encode.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/apply/open_run.h"
#include "figment/eval/bits.h"

namespace figment {

// The codes of examples, to be searched. Computing them is most of the work, and as quick as any
// other use of the encoder, so they are not kept in files.
class SearchIndex {
 public:
  // Throws Error(kConfig) when the model neither hashes nor encodes.
  SearchIndex(const LoadedRun& run, const Dataset& examples);

  int64_t size() const { return size_; }
  int64_t width() const { return width_; }  // bits, or numbers, of a code
  bool hashes() const { return hashes_; }
  const char* distance() const { return hashes_ ? "hamming" : "euclidean"; }

  struct Found {
    Neighbours neighbours;
    double seconds = 0;  // of the search itself: the queries' codes were there
  };
  // The k nearest to each query, k cut to what there is to find. `own` [m] int64: which of the
  // examples searched each query is, and which is not to be found for it. Throws Error(kData) when
  // there is nothing else.
  Found find(const Dataset& queries, int64_t k, const torch::Tensor& own = {}) const;

 private:
  const LoadedRun& run_;
  bool hashes_;
  int64_t size_, width_;
  PackedBits bits_{};
  torch::Tensor codes_{};
};

// Bits [n, bits] uint8 of a model that hashes, on the CPU.
torch::Tensor hash(const LoadedRun& run, const Dataset& set);

// Share of the examples at `index` [k] that are of `label`.
double precision_of(const torch::Tensor& index, const Dataset& among, int64_t label);

// The name of the class of example i, "" without labels.
std::string class_of(const Dataset& set, int64_t i);

// The words of a document by falling log(1 + count) * weight, between spaces, n at most. `weight`
// [D] is the inverse document frequency (eval/lsa.h).
std::string top_words(const Dataset& set, int64_t i, const torch::Tensor& weight, int64_t n);

// Whether the examples are documents: counts whose columns have names.
bool holds_documents(const Dataset& set);

// Images [queries * (1 + k), C, H, W] in [0, 1], a query and then its neighbours, query by query.
torch::Tensor found_images(const Scaling& scaling, const Dataset& queries, const Dataset& among,
                           const torch::Tensor& index);

}  // namespace figment
