// How well the neighbours of a code are of its class: precision at k and average precision, with
// ties.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "figment/eval/bits.h"

namespace figment {

// One query's ranking, told by groups of equal distance, nearest first. In a group any order is as
// likely as any other, and what is returned is the expectation over these orders (McSherry &
// Najork, "Computing information retrieval performance measures efficiently in the presence of
// tied scores", ECIR 2008): short codes have many ties, and the order in which the examples happen
// to be stored must not decide.
class Ranking {
 public:
  // `cutoffs` rise. harmonic[i] = 1 + 1/2 + ... + 1/i up to the number of examples.
  Ranking(const std::vector<int64_t>& cutoffs, const std::vector<double>& harmonic);

  // `count` >= 1 examples at the next distance, of which `relevant` are of the query's class.
  void add(int64_t count, int64_t relevant);

  // Expected share of relevant examples among the first cutoffs[i].
  double precision(std::size_t i) const;
  // Mean over the relevant examples of the precision at their rank; 0 when there are none.
  double average_precision() const;

 private:
  const std::vector<int64_t>& cutoffs_;
  const std::vector<double>& harmonic_;
  int64_t seen_ = 0, relevant_ = 0;
  std::vector<double> found_;  // relevant among the first cutoffs[i]
  double sum_ = 0;
};

struct RetrievalQuality {
  std::vector<std::pair<int64_t, double>> precision;  // at each k of 1, 10, 100 up to the number
  double mean_average_precision = 0;
};

// Means over the queries, each of which ranks all references by the distance of codes; relevant are
// those of its class. Labels [n], [m] int64. With `exclude_self` the queries are the first m
// references, and each ranks all but itself (n > 1). Hamming distance:
RetrievalQuality retrieval_quality(const PackedBits& references,
                                   const torch::Tensor& reference_labels, const PackedBits& queries,
                                   const torch::Tensor& labels, bool exclude_self = false);
// Euclidean distance, codes [n, d], [m, d] float32 on the CPU. For the cosine give them normalised.
RetrievalQuality retrieval_quality(const torch::Tensor& references,
                                   const torch::Tensor& reference_labels,
                                   const torch::Tensor& queries, const torch::Tensor& labels,
                                   bool exclude_self = false);

}  // namespace figment
