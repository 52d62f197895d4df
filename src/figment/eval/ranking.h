// How well scores rank: the curve of the receiver and what is read off it.
// Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 2006.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace figment {

// In all of these `scores` [n] are of any floating type, higher for what is more likely positive;
// `positive` [n] bool. Infinite scores rank as they should; NaN is for the caller to replace.

// The chance that a positive scores higher than a negative, ties counting half: the area under the
// ROC curve by average ranks (Mann & Whitney 1947). NaN without both a positive and a negative.
double auroc(const torch::Tensor& scores, const torch::Tensor& positive);

// sum over thresholds of (recall - recall before) * precision: the area under the precision-recall
// curve as steps, which unlike the trapezoidal rule is not too kind. NaN without a positive.
double average_precision(const torch::Tensor& scores, const torch::Tensor& positive);

// The ROC curve from (0, 0) to (1, 1): one point for every distinct score, from the highest.
struct RocCurve {
  std::vector<double> false_positive;  // share of the negatives with at least this score
  std::vector<double> true_positive;   // share of the positives
};
RocCurve roc_curve(const torch::Tensor& scores, const torch::Tensor& positive);

// What flagging every score above a threshold finds. A ratio without a denominator is 0.
struct Flagging {
  double precision = 0;            // share of the flagged that are positive
  double recall = 0;               // share of the positives that are flagged
  double f1 = 0;                   // their harmonic mean
  double false_positive_rate = 0;  // share of the negatives that are flagged
  int64_t flagged = 0;
};
Flagging flag_above(const torch::Tensor& scores, const torch::Tensor& positive, double threshold);

// The value below which `share` in [0, 1] of the values [n], n >= 1, lie; linear between two.
double quantile_of(const torch::Tensor& values, double share);

}  // namespace figment
