// Principal components: moments gathered piece by piece, the axes of largest variance, and angles
// between subspaces. Pearson, "On lines and planes of closest fit", 1901.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// Examples of more elements have no principal components here: the scatter would be too large.
inline constexpr int64_t kWidestPca = 4096;

// How many examples there were, their mean and their scatter, the sum of (x - mean)(x - mean)'.
// Examples are added in pieces, so that they need not fit in memory. The tensors are changed in
// place: a model may hold them as its buffers.
struct ScatterMoments {
  torch::Tensor count;    // [] int64
  torch::Tensor mean;     // [d] double
  torch::Tensor scatter;  // [d, d] double; undefined: only the mean is gathered

  explicit ScatterMoments(int64_t d, bool with_scatter = true);
  // x [m, d]. Products are formed in x's own type about the mean of the piece and summed in double
  // (Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", equation 2.1).
  void add(const torch::Tensor& x) const;
};

struct PrincipalAxes {
  torch::Tensor axes;      // [k, d] double, orthonormal rows by falling variance
  torch::Tensor variance;  // [d] double, falling: of every component, over n - 1
};

// The k axes of largest variance, 1 <= k <= d, on the CPU. The sign of an axis is free: here its
// largest component is positive. Axes without variance are any that complete the others.
PrincipalAxes principal_axes(const ScatterMoments& moments, int64_t k);

// Flips the rows of axes [k, d] whose largest component (by magnitude) is negative.
torch::Tensor with_positive_peaks(const torch::Tensor& axes);

// Share of the variance of x [n, d] about `mean` [d] along each of the orthonormal axes [k, d], as
// [k] double. Their sum is what the projection explains: 1 - squared error / squares about the
// mean.
torch::Tensor explained_variance(const torch::Tensor& x, const torch::Tensor& mean,
                                 const torch::Tensor& axes);

// The angles between the subspaces spanned by the rows of a [k, d] and of b [l, d], in radians in
// [0, pi / 2], as [min(k, l)] double, largest first. Rows need be independent, not orthonormal.
// Cosines from the product of orthonormal bases, small angles from their sines, which keep their
// digits (Bjorck & Golub 1973, "Numerical methods for computing angles between linear subspaces").
torch::Tensor principal_angles(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace figment
