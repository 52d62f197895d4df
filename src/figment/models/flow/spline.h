// Monotone rational-quadratic splines: elementwise maps of the line onto itself with an inverse and
// a derivative in closed form. Durkan et al., "Neural spline flows", 2019,
// https://arxiv.org/abs/1906.04032 (NSF below).
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment::models {

// Where a map takes x, and the logarithm of its derivative there.
struct ElementMapped {
  torch::Tensor y, log_derivative;  // both of x's shape
};

// Numbers that describe one spline of `bins` bins: their widths, their heights and the derivatives
// at the inner knots.
constexpr int64_t spline_parameters(int64_t bins) { return 3 * bins - 1; }

// x [...], raw [..., 3 bins - 1] of any values; zeros are the identity. Within [-bound, bound] the
// spline, beyond it the identity (NSF, section 3.1). The inverse map gives the logarithm of its own
// derivative.
ElementMapped spline(const torch::Tensor& x, const torch::Tensor& raw, double bound);
ElementMapped inverse_spline(const torch::Tensor& y, const torch::Tensor& raw, double bound);

// The same with one spline for all points of a row: x [rows, m], raw [rows, 3 bins - 1].
ElementMapped spline_of_rows(const torch::Tensor& x, const torch::Tensor& raw, double bound);
ElementMapped inverse_spline_of_rows(const torch::Tensor& y, const torch::Tensor& raw,
                                     double bound);

// Of values [rows, m], the splines [rows, 3 bins - 1] that take each row about to a standard normal
// variable: their knots are its quantiles at equal steps of the normal one.
torch::Tensor spline_to_normal(const torch::Tensor& values, int64_t bins, double bound);

}  // namespace figment::models
