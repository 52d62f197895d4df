// The nonlinearities that kernels apply while a value is at hand.
#pragma once

#include "figment/kernels/exponential.h"

namespace figment {

// f of y = f(z).
//   kNone z; kRelu max(z, 0); kLeakyRelu z, or kLeak z below 0; kTanh; kSigmoid 1 / (1 + e^-z);
//   kSilu z / (1 + e^-z).
constexpr double kLeak = 0.2;
enum class Curve { kNone, kRelu, kLeakyRelu, kTanh, kSigmoid, kSilu };

// Whether f' is told from y. Otherwise (kSilu) z is to be kept.
constexpr bool slope_from_output(Curve curve) { return curve != Curve::kSilu; }

namespace curves {

// value: f(z). back: g f'(z), from y or, of SiLU, from z. Comparisons are written so that what is
// no number passes.
struct None {
  template <class T>
  static FIGMENT_INLINE T value(T z) {
    return z;
  }
  template <class T>
  static FIGMENT_INLINE T back(T g, T) {
    return g;
  }
};
struct Relu {
  template <class T>
  static FIGMENT_INLINE T value(T z) {
    return z < 0 ? 0 : z;
  }
  template <class T>
  static FIGMENT_INLINE T back(T g, T y) {
    return y <= 0 ? 0 : g;
  }
};
struct LeakyRelu {
  template <class T>
  static FIGMENT_INLINE T value(T z) {
    return z < 0 ? static_cast<T>(kLeak) * z : z;
  }
  template <class T>
  static FIGMENT_INLINE T back(T g, T y) {
    return y > 0 ? g : static_cast<T>(kLeak) * g;
  }
};
struct Tanh {
  template <class T>
  static FIGMENT_INLINE T value(T z) {
    return hyperbolic(z);
  }
  template <class T>
  static FIGMENT_INLINE T back(T g, T y) {
    return g * (1 - y * y);
  }
};
struct Sigmoid {
  template <class T>
  static FIGMENT_INLINE T value(T z) {
    return sigmoid(z);
  }
  template <class T>
  static FIGMENT_INLINE T back(T g, T y) {
    return g * (y * (1 - y));
  }
};
struct Silu {
  template <class T>
  static FIGMENT_INLINE T value(T z) {
    return z * sigmoid(z);
  }
  template <class T>
  static FIGMENT_INLINE T back(T g, T z) {
    const T s = sigmoid(z);
    return g * (s * (1 + z * (1 - s)));
  }
};

}  // namespace curves
}  // namespace figment
