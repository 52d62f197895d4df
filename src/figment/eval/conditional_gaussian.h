// What a Gaussian says of the hidden elements of an example, given the known ones: the best linear
// guess, which any filling of a hole should be held against.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// The numbers of an example that are few enough for their covariance.
inline constexpr int64_t kWidestGaussian = 4096;

// Fitted to training examples, with the covariance shrunk by as much as its own uncertainty asks
// (fit_ellipsoid in anomaly_scores.h).
class ConditionalGaussian {
 public:
  // training [m, shape...], m >= 1, of kWidestGaussian elements at most; known [shape...], 1 where
  // an element is known: some must be, and some not.
  ConditionalGaussian(const torch::Tensor& training, const torch::Tensor& known);

  // x [n, shape...] with the hidden elements at their mean given the known ones: mean_h + S_hk
  // S_kk^-1 (x_k - mean_k). What x has where it is hidden is not looked at. float32 on the CPU.
  torch::Tensor complete(const torch::Tensor& x) const;

 private:
  torch::Tensor known_, hidden_;  // [k], [h] int64, which elements
  torch::Tensor mean_;            // [elements] double
  torch::Tensor slope_;           // [k, h] double
};

}  // namespace figment
