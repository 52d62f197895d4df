// What follows the product in a linear layer: its bias and its nonlinearity, and the way back.
//
// Plain loops on one thread: the caller splits the matrices and runs the pieces in parallel. Each
// element, and each column's sum, is independent of how it does. Arrays of one call must not
// overlap, but for those said to.
#pragma once

#include <cstdint>

#include "figment/kernels/curve.h"

namespace figment {

// Part of a row-major matrix: element (r, c) at r * stride + c of a pointer to its first.
struct Block {
  std::int64_t rows = 0, columns = 0, stride = 0;
};

// z += bias[c] and y = f(z). `bias` may be null for none. `y` may be `z` where slope_from_output;
// it must not elsewhere. Of floats y is within 4e-7 of the true one, relatively or absolutely; what
// is not a number stays so.
void bias_curve(Curve curve, const float* bias, float* z, float* y, const Block& block);
void bias_curve(Curve curve, const double* bias, double* z, double* y, const Block& block);

// of_z = of_y * f'(z), and of_bias[c] = the sum of of_z over the rows. `kept` is y where
// slope_from_output, and z elsewhere. With kNone only the sums are taken, and `kept` and `of_z` may
// be null. `of_bias` may be null too.
void bias_curve_backward(Curve curve, const float* of_y, const float* kept, float* of_z,
                         float* of_bias, const Block& block);
void bias_curve_backward(Curve curve, const double* of_y, const double* kept, double* of_z,
                         double* of_bias, const Block& block);

}  // namespace figment
