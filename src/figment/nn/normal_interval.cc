#include "figment/nn/normal_interval.h"

#include <cmath>

namespace figment {

torch::Tensor log_normal_cdf(const torch::Tensor& x) {
  // Phi(x) = erfc(y) / 2 with y = -x / sqrt(2), and erfcx(y) = exp(y^2) erfc(y) is never 0. Each
  // side is kept from the other's numbers, of which its gradient would not be finite.
  const auto y = -std::sqrt(0.5) * x.clamp_max(-1);
  const auto tail = (0.5 * torch::special::erfcx(y)).log() - y.square();
  const auto rest = torch::log1p(-0.5 * torch::erfc(std::sqrt(0.5) * x.clamp_min(-1)));
  return torch::where(x < -1, tail, rest);
}

torch::Tensor log_normal_interval(const torch::Tensor& centre, const torch::Tensor& half) {
  // The interval or its mirror image, whichever lies lower: above the middle both ends are nearly
  // 1, and their difference would be lost.
  const auto lower = -centre.abs();
  const auto high = log_normal_cdf(lower + half), low = log_normal_cdf(lower - half);
  return high + (-torch::expm1(low - high)).log();
}

}  // namespace figment
