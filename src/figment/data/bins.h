// Distributions on a line or in a plane as probabilities of equal bins, by which two of them can be
// compared that have no common density.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>

namespace figment {

// `side`^d equal bins of a cube in d = 1 or 2 dimensions, and one more for all that lies outside.
struct Bins {
  torch::Tensor low;  // [d] double, the lowest corner
  double width = 0;   // of the cube
  int64_t side = 0;   // bins along each axis

  int64_t dims() const { return low.size(0); }
  // The middles of the bins [side^d, d] double; in a plane row by row from the top, as an image.
  torch::Tensor middles() const;
  // Shares of points [n, d] in the bins, then outside: [side^d + 1] double, in that order.
  torch::Tensor shares(const torch::Tensor& points) const;
  // Likewise of a density: its log at points [n, d] -> [n], taken at several places of each bin;
  // what is missing to 1 lies outside.
  torch::Tensor integrals(
      const std::function<torch::Tensor(const torch::Tensor&)>& log_density) const;
};

// A cube about points [n, d] with a margin of a tenth on each side.
Bins bins_about(const torch::Tensor& points, int64_t side);

// The Jensen-Shannon divergence in nats, 0 to log 2, of probabilities p and q [k] double.
// Lin, "Divergence measures based on the Shannon entropy", 1991.
double jensen_shannon(const torch::Tensor& p, const torch::Tensor& q);

}  // namespace figment
