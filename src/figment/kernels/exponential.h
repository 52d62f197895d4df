// e^x and what is made of it, for the loops of kernels/ to be vectorised with. For sources of
// kernels/ only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#define FIGMENT_INLINE inline __attribute__((always_inline))
#define FIGMENT_INLINE_LAMBDA __attribute__((always_inline))  // after its parameters

namespace figment {

// e^x for |x| <= 87, cut there: x = n ln 2 + r with |r| <= ln(2) / 2, and e^r by its series to r^7.
FIGMENT_INLINE float exponential(float x) {
  x = std::min(std::max(x, -87.0F), 87.0F);
  // Adding 1.5 * 2^23 leaves no bits for a fraction: the sum is rounded, and its last bits are n.
  constexpr float kRounder = 12582912.0F;
  const float shifted = x * 1.44269504088896341F + kRounder;
  const float n = shifted - kRounder;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  const float series =
      1 + r * (1 + r * (1 / 2.0F +
                        r * (1 / 6.0F +
                             r * (1 / 24.0F + r * (1 / 120.0F + r * (1 / 720.0F + r / 5040.0F))))));
  std::uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits - 0x4B400000U + 127U) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return series * power;
}
FIGMENT_INLINE double exponential(double x) { return std::exp(x); }

template <class T>
FIGMENT_INLINE T sigmoid(T x) {
  return 1 / (1 + exponential(-x));
}

// tanh x. Of floats with an absolute error below 2e-7.
FIGMENT_INLINE float hyperbolic(float x) { return 2 / (1 + exponential(-2 * x)) - 1; }
FIGMENT_INLINE double hyperbolic(double x) { return std::tanh(x); }

// log(1 + e^x) = max(x, 0) + log(1 + t), t = e^-|x|, the latter as 2 atanh(t / (2 + t)), whose
// argument is at most 1/3: the series to its 13th power has an error below 1e-8.
FIGMENT_INLINE float softplus(float x) {
  const float t = exponential(-std::abs(x));
  const float s = t / (2 + t), q = s * s;
  const float series =
      1 + q * (1 / 3.0F +
               q * (1 / 5.0F + q * (1 / 7.0F + q * (1 / 9.0F + q * (1 / 11.0F + q / 13.0F)))));
  return std::max(x, 0.0F) + 2 * s * series;
}
FIGMENT_INLINE double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace figment
