#include "figment/kernels/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace figment {
namespace {

const std::vector<Curve> kCurves = {Curve::kNone, Curve::kRelu,    Curve::kLeakyRelu,
                                    Curve::kTanh, Curve::kSigmoid, Curve::kSilu};

double value(Curve curve, double z) {
  const double s = 1 / (1 + std::exp(-z));
  switch (curve) {
    case Curve::kNone:
      return z;
    case Curve::kRelu:
      return std::max(z, 0.0);
    case Curve::kLeakyRelu:
      return z < 0 ? 0.2 * z : z;
    case Curve::kTanh:
      return std::tanh(z);
    case Curve::kSigmoid:
      return s;
    case Curve::kSilu:
      return z * s;
  }
  return 0;
}

double slope(Curve curve, double z) {
  const double h = 1e-6;
  return (value(curve, z + h) - value(curve, z - h)) / (2 * h);
}

// A matrix and what surrounds the block of it that is worked on.
template <class T>
struct Matrix {
  Matrix(std::int64_t rows, std::int64_t stride, unsigned seed)
      : values(static_cast<std::size_t>(rows * stride)) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, 2);
    for (auto& v : values) v = static_cast<T>(normal(random));
  }
  T* at(std::int64_t i) { return values.data() + i; }
  double operator[](std::int64_t i) const {
    return static_cast<double>(values[static_cast<std::size_t>(i)]);
  }
  std::vector<T> values;
};

// Blocks narrower than a matrix, and wider and narrower than what is taken in registers.
template <class T>
void expect_the_equations(double tolerance) {
  const std::int64_t rows = 300, left = 3;
  for (const auto curve : kCurves)
    for (const std::int64_t columns : {1, 7, 64, 65, 130}) {
      const std::int64_t stride = columns + 5;
      const Block block{rows, columns, stride};
      Matrix<T> z(rows, stride, 1), y(rows, stride, 2), bias(1, columns, 3), of_y(rows, stride, 4);
      const auto given = z, beside = y;
      const bool same = slope_from_output(curve);
      T* out = same ? z.at(left) : y.at(left);
      bias_curve(curve, bias.at(0), z.at(left), out, block);
      Matrix<T> of_z(rows, stride, 5), of_bias(1, columns, 6);
      bias_curve_backward(curve, of_y.at(left), same ? out : z.at(left), of_z.at(left),
                          of_bias.at(0), block);
      for (std::int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        for (std::int64_t r = 0; r < rows; ++r) {
          const auto i = left + r * stride + c;
          const double x = given[i] + bias[c];
          const double got = static_cast<double>(out[r * stride + c]);
          ASSERT_NEAR(got, value(curve, x), tolerance * (1 + std::abs(x))) << r << " " << c;
          const double wanted = of_y[i] * (curve == Curve::kNone ? 1 : slope(curve, x));
          if (curve != Curve::kNone && std::abs(x) > 1e-5) {  // of a bend there is no slope
            ASSERT_NEAR(of_z[i], wanted, std::max(tolerance, 1e-8) * (4 + std::abs(wanted)));
          }
          sum += curve == Curve::kNone ? of_y[i] : of_z[i];
        }
        ASSERT_NEAR(of_bias[c], sum, tolerance * 100);
      }
      // Nothing beside the block is touched.
      for (std::int64_t r = 0; r < rows; ++r)
        for (const auto c : {left - 1, left + columns}) {
          EXPECT_EQ(z[r * stride + c], given[r * stride + c]);
          EXPECT_EQ(y[r * stride + c], beside[r * stride + c]);
        }
    }
}

TEST(BiasCurve, IsTheEquationInDouble) { expect_the_equations<double>(1e-13); }
TEST(BiasCurve, IsTheEquationInFloat) { expect_the_equations<float>(1e-6); }

TEST(BiasCurve, TakesNoBias) {
  Matrix<float> z(2, 5, 1);
  const auto given = z;
  bias_curve(Curve::kRelu, nullptr, z.at(0), z.at(0), {2, 5, 5});
  for (std::int64_t i = 0; i < 10; ++i) EXPECT_EQ(z[i], std::max(given[i], 0.0));
  Matrix<float> of_z(2, 5, 2), of_y(2, 5, 3);
  bias_curve_backward(Curve::kRelu, of_y.at(0), z.at(0), of_z.at(0), static_cast<float*>(nullptr),
                      {2, 5, 5});
  for (std::int64_t i = 0; i < 10; ++i) EXPECT_EQ(of_z[i], z[i] > 0 ? of_y[i] : 0);
}

// A network that has diverged is to be noticed, not mended.
TEST(BiasCurve, PassesWhatIsNoNumberAndDoesNotOverflow) {
  for (const auto curve : kCurves) {
    std::vector<float> z = {std::numeric_limits<float>::quiet_NaN(), 1e4F, -1e4F}, y(3);
    auto* out = slope_from_output(curve) ? z.data() : y.data();
    const auto before = z;
    bias_curve(curve, static_cast<const float*>(nullptr), z.data(), out, {1, 3, 3});
    EXPECT_TRUE(std::isnan(out[0]));
    for (const std::size_t i : {1, 2}) {
      const double wanted = value(curve, static_cast<double>(before[i]));
      EXPECT_NEAR(static_cast<double>(out[i]), wanted, 1e-6 * (1 + std::abs(wanted)));
    }
  }
}

}  // namespace
}  // namespace figment
