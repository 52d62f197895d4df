#include "figment/models/flow/spline.h"

#include <cmath>

namespace figment::models {
namespace {

// Shares of the whole interval below which no bin shrinks, and the least derivative at a knot: they
// bound how steep and how flat a spline gets.
constexpr double kLeastWidth = 1e-3, kLeastHeight = 1e-3, kLeastDerivative = 1e-3;

// The same width for the spline of a row, which has the values of all examples to go by and is to
// resolve the grain of one grey step.
constexpr double kLeastWidthOfRows = 1e-4;

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

// The knots of a spline and the derivatives there, each [..., bins + 1].
struct Curve {
  torch::Tensor x, y, slope;
};

Curve curve_of(const torch::Tensor& raw, double bound, double least_width) {
  const auto bins = (raw.size(-1) + 1) / 3;
  // Zero gives the derivative 1.
  static const double kOne = std::log(std::exp(1 - kLeastDerivative) - 1);
  const auto inner = kLeastDerivative + torch::softplus(raw.narrow(-1, 2 * bins, bins - 1) + kOne);
  auto shape = inner.sizes().vec();
  shape.back() = 1;
  return {knots(raw.narrow(-1, 0, bins), least_width, bound),
          knots(raw.narrow(-1, bins, bins), kLeastHeight, bound),
          torch::cat({inner.new_ones(shape), inner, inner.new_ones(shape)}, -1)};
}

Bin bin_at(const Curve& curve, const torch::Tensor& index) {
  const auto at = [&](const torch::Tensor& values, int64_t shift) {
    return values.gather(-1, index + shift);
  };
  const auto x = at(curve.x, 0), y = at(curve.y, 0);
  return {x, at(curve.x, 1) - x, y, at(curve.y, 1) - y, at(curve.slope, 0), at(curve.slope, 1)};
}

// A spline for each point: raw [..., parameters] of points [...]. `inverse`: a point is a height.
Bin bin_of(const torch::Tensor& point, const torch::Tensor& raw, double bound, bool inverse) {
  const auto curve = curve_of(raw, bound, kLeastWidth);
  const auto& ends = inverse ? curve.y : curve.x;
  const auto index = (point.unsqueeze(-1) >= ends.narrow(-1, 1, ends.size(-1) - 2)).sum(-1, true);
  auto bin = bin_at(curve, index);
  for (auto* part : {&bin.x, &bin.width, &bin.y, &bin.height, &bin.left, &bin.right})
    *part = part->squeeze(-1);
  return bin;
}

// A spline for each row of points: raw [rows, parameters] of points [rows, m].
Bin bin_of_row(const torch::Tensor& point, const torch::Tensor& raw, double bound, bool inverse) {
  const auto curve = curve_of(raw, bound, kLeastWidthOfRows);
  const auto& ends = inverse ? curve.y : curve.x;
  const auto inner = ends.detach().narrow(-1, 1, ends.size(-1) - 2).contiguous();
  return bin_at(curve, torch::searchsorted(inner, point.detach().contiguous(), false, true));
}

// The logarithm of the derivative at the share `t` of the bin (NSF eq. 5).
torch::Tensor log_derivative(const Bin& bin, const torch::Tensor& t) {
  const auto s = bin.height / bin.width, rest = t * (1 - t);
  const auto denominator = s + (bin.right + bin.left - 2 * s) * rest;
  const auto numerator = bin.right * t.square() + 2 * s * rest + bin.left * (1 - t).square();
  return 2 * s.log() + numerator.log() - 2 * denominator.log();
}

ElementMapped forwards(const torch::Tensor& x, const torch::Tensor& point, const Bin& bin,
                       double bound) {
  const auto inside = x.abs() < bound;
  const auto s = bin.height / bin.width, t = (point - bin.x) / bin.width, rest = t * (1 - t);
  const auto y = bin.y + bin.height * (s * t.square() + bin.left * rest) /
                             (s + (bin.right + bin.left - 2 * s) * rest);  // NSF eq. 4
  const auto log_slope = log_derivative(bin, t);
  return {torch::where(inside, y, x),
          torch::where(inside, log_slope, torch::zeros_like(log_slope))};
}

ElementMapped backwards(const torch::Tensor& y, const torch::Tensor& point, const Bin& bin,
                        double bound) {
  const auto inside = y.abs() < bound;
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

}  // namespace

ElementMapped spline(const torch::Tensor& x, const torch::Tensor& raw, double bound) {
  const auto point = x.clamp(-bound, bound);
  return forwards(x, point, bin_of(point, raw, bound, false), bound);
}

ElementMapped inverse_spline(const torch::Tensor& y, const torch::Tensor& raw, double bound) {
  const auto point = y.clamp(-bound, bound);
  return backwards(y, point, bin_of(point, raw, bound, true), bound);
}

ElementMapped spline_of_rows(const torch::Tensor& x, const torch::Tensor& raw, double bound) {
  const auto point = x.clamp(-bound, bound);
  return forwards(x, point, bin_of_row(point, raw, bound, false), bound);
}

ElementMapped inverse_spline_of_rows(const torch::Tensor& y, const torch::Tensor& raw,
                                     double bound) {
  const auto point = y.clamp(-bound, bound);
  return backwards(y, point, bin_of_row(point, raw, bound, true), bound);
}

torch::Tensor spline_to_normal(const torch::Tensor& values, int64_t bins, double bound) {
  const auto line = torch::TensorOptions(torch::kDouble);
  const auto heights = torch::linspace(-bound, bound, bins + 1, line);
  const auto share = (0.5 * (1 + torch::erf(heights / std::sqrt(2.0)))).narrow(0, 1, bins - 1);
  // quantile() takes no more than 16 million numbers; a sorted row has them at hand.
  const auto sorted = std::get<0>(values.to(torch::kDouble).sort(1));
  const auto last = static_cast<double>(sorted.size(1) - 1);
  const auto inner = sorted.index_select(1, (share * last).round().to(torch::kLong))
                         .clamp(-bound, bound);  // [rows, bins - 1]
  const auto ends = torch::full({values.size(0), 1}, bound, line);
  const auto edges = torch::cat({-ends, inner, ends}, 1);
  // Twice the least, so that there is a logarithm of what a width is above it.
  auto widths = edges.diff(1, 1).clamp_min(4 * bound * kLeastWidthOfRows);
  widths = widths * (2 * bound / widths.sum(1, true));
  const auto slopes = (2 * bound / static_cast<double>(bins)) / widths;
  // At a knot the slope between those of its two bins.
  const auto at_knots = (slopes.narrow(1, 0, bins - 1) * slopes.narrow(1, 1, bins - 1)).sqrt();
  const auto above = (at_knots - kLeastDerivative).clamp_min(kLeastDerivative);
  const auto raw_slopes = above + torch::log(-torch::expm1(-above)) -
                          std::log(std::exp(1 - kLeastDerivative) - 1);      // softplus backwards
  const auto raw_widths = (widths / (2 * bound) - kLeastWidthOfRows).log();  // knots() backwards
  return torch::cat({raw_widths, torch::zeros_like(widths), raw_slopes}, 1)
      .to(values.scalar_type());
}

}  // namespace figment::models
