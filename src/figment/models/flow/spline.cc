#include "figment/models/flow/spline.h"

#include <cmath>

namespace figment::models {
namespace {

// Shares of the whole interval below which no bin shrinks, and the least derivative at a knot: they
// bound how steep and how flat a spline gets.
constexpr double kLeastWidth = 1e-3, kLeastHeight = 1e-3, kLeastDerivative = 1e-3;

// Each of [...]: the bin that holds the point, its lower left corner, its size, and the derivatives
// at its two knots.
struct Bin {
  torch::Tensor x, width, y, height, left, right;
};

// The bins' ends [..., bins + 1] from -bound to bound, from raw [..., bins].
torch::Tensor knots(const torch::Tensor& raw, double least, double bound) {
  const auto bins = static_cast<double>(raw.size(-1));
  const auto sizes = least + (1 - least * bins) * raw.softmax(-1);
  const auto inner = sizes.cumsum(-1).narrow(-1, 0, raw.size(-1) - 1) * (2 * bound) - bound;
  auto shape = inner.sizes().vec();
  shape.back() = 1;
  return torch::cat({inner.new_full(shape, -bound), inner, inner.new_full(shape, bound)}, -1);
}

// `inverse`: the point is a height.
Bin bin_of(const torch::Tensor& point, const torch::Tensor& raw, double bound, bool inverse) {
  const auto bins = (raw.size(-1) + 1) / 3;
  const auto x = knots(raw.narrow(-1, 0, bins), kLeastWidth, bound);
  const auto y = knots(raw.narrow(-1, bins, bins), kLeastHeight, bound);
  // Zero gives the derivative 1.
  static const double kOne = std::log(std::exp(1 - kLeastDerivative) - 1);
  const auto inner = kLeastDerivative + torch::softplus(raw.narrow(-1, 2 * bins, bins - 1) + kOne);
  auto shape = inner.sizes().vec();
  shape.back() = 1;
  const auto slope = torch::cat({inner.new_ones(shape), inner, inner.new_ones(shape)}, -1);
  const auto& ends = inverse ? y : x;
  const auto index = (point.unsqueeze(-1) >= ends.narrow(-1, 1, bins - 1)).sum(-1, true);
  const auto at = [&](const torch::Tensor& values, int64_t shift) {
    return values.gather(-1, index + shift).squeeze(-1);
  };
  Bin bin;
  bin.x = at(x, 0);
  bin.width = at(x, 1) - bin.x;
  bin.y = at(y, 0);
  bin.height = at(y, 1) - bin.y;
  bin.left = at(slope, 0);
  bin.right = at(slope, 1);
  return bin;
}

// The logarithm of the derivative at the share `t` of the bin (NSF eq. 5).
torch::Tensor log_derivative(const Bin& bin, const torch::Tensor& t) {
  const auto s = bin.height / bin.width, rest = t * (1 - t);
  const auto denominator = s + (bin.right + bin.left - 2 * s) * rest;
  const auto numerator = bin.right * t.square() + 2 * s * rest + bin.left * (1 - t).square();
  return 2 * s.log() + numerator.log() - 2 * denominator.log();
}

}  // namespace

ElementMapped spline(const torch::Tensor& x, const torch::Tensor& raw, double bound) {
  const auto inside = x.abs() < bound;
  const auto point = x.clamp(-bound, bound);
  const auto bin = bin_of(point, raw, bound, false);
  const auto s = bin.height / bin.width, t = (point - bin.x) / bin.width, rest = t * (1 - t);
  const auto y = bin.y + bin.height * (s * t.square() + bin.left * rest) /
                             (s + (bin.right + bin.left - 2 * s) * rest);  // NSF eq. 4
  const auto log_slope = log_derivative(bin, t);
  return {torch::where(inside, y, x),
          torch::where(inside, log_slope, torch::zeros_like(log_slope))};
}

ElementMapped inverse_spline(const torch::Tensor& y, const torch::Tensor& raw, double bound) {
  const auto inside = y.abs() < bound;
  const auto point = y.clamp(-bound, bound);
  const auto bin = bin_of(point, raw, bound, true);
  const auto s = bin.height / bin.width, up = point - bin.y;
  const auto curve = bin.right + bin.left - 2 * s;
  const auto a = bin.height * (s - bin.left) + up * curve;  // NSF eqs. 6 to 8
  const auto b = bin.height * bin.left - up * curve;
  const auto c = -s * up;
  const auto root = (b.square() - 4 * a * c).clamp_min(0).sqrt();
  const auto t = 2 * c / (-b - root);
  const auto log_slope = log_derivative(bin, t);
  return {torch::where(inside, bin.x + t * bin.width, y),
          torch::where(inside, -log_slope, torch::zeros_like(log_slope))};
}

}  // namespace figment::models
