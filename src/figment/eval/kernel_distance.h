// The squared maximum mean discrepancy between two sets of features under a polynomial kernel: KID.
// Binkowski et al., "Demystifying MMD GANs", 2018, section 4; Gretton et al. 2012, equation 3.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/eval/bootstrap.h"

namespace figment {

// The unbiased estimate, k(x, y) = (x.y / d + 1)^3, of x [n, d] and y [m, d] in double:
//   mean over i != j of k(x_i, x_j) + the same of y - 2 mean over all of k(x_i, y_j).
// n, m >= 2. It may be negative.
double squared_discrepancy(const torch::Tensor& x, const torch::Tensor& y);

// value +- 1.96 standard errors of the mean of blocks that share no example: the root of their
// variance (with n - 1, for the mean that they are taken about is their own) over n. Of several
// shuffles, 2 blocks each at least, the mean of these variances: blocks of different shuffles share
// examples, so that more shuffles tell the variance better and do not divide it.
Interval block_interval(double value, const std::vector<std::vector<double>>& shuffles);

struct KernelDistance {
  double value = 0;
  Interval interval{};
  int64_t subset = 0, subsets = 0;  // examples in each, and how many there were
};

// The mean of squared_discrepancy over subsets of at most 1,000 examples of each set: both are
// shuffled and cut into subsets that share none, ten times or as often as makes 100 subsets. The
// interval is block_interval of the subsets. Both sets have 4 examples at least.
KernelDistance kernel_distance(const torch::Tensor& x, const torch::Tensor& y);

}  // namespace figment
