// Batch normalization and its nonlinearity, two walks over a few channels each way.
#include "figment/kernels/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "figment/kernels/clones.h"

namespace figment {
namespace {

// Sums of single precision are taken in so many lanes, which vectorise, ...
constexpr std::int64_t kLanes = 16;
// ... and over so many examples at most before they are added up in double.
constexpr std::int64_t kRun = 16;

template <class T>
struct Lanes {
  T first[kLanes] = {}, second[kLanes] = {};

  // Calls both(p, to add to, likewise) for p in [0, count).
  template <class F>
  FIGMENT_INLINE void add(std::int64_t count, F&& both) {
    T a[kLanes], b[kLanes];  // of their own, for registers
    for (std::int64_t l = 0; l < kLanes; ++l) a[l] = first[l], b[l] = second[l];
    std::int64_t p = 0;
    for (; p + kLanes <= count; p += kLanes)
      for (std::int64_t l = 0; l < kLanes; ++l) both(p + l, a[l], b[l]);
    for (std::int64_t l = 0; p + l < count; ++l) both(p + l, a[l], b[l]);
    for (std::int64_t l = 0; l < kLanes; ++l) first[l] = a[l], second[l] = b[l];
  }
  // Moves what was summed to the totals.
  FIGMENT_INLINE void empty(double& total, double& other) {
    for (std::int64_t l = 0; l < kLanes; ++l) {
      total += static_cast<double>(first[l]);
      other += static_cast<double>(second[l]);
      first[l] = second[l] = 0;
    }
  }
};

// Of each channel, by `walk(lanes, channel, offset of its plane in an example)`, two sums over
// examples and places.
template <class T, class F>
FIGMENT_INLINE void sums(const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                         std::vector<double>& total, std::vector<double>& other, F&& walk) {
  const auto count = static_cast<std::size_t>(last - first);
  total.assign(count, 0);
  other.assign(count, 0);
  std::vector<Lanes<T>> lanes(count);
  for (std::int64_t i = 0; i < shape.n; ++i) {
    const bool full = (i + 1) % kRun == 0 || i + 1 == shape.n;
    for (auto c = first; c < last; ++c) {
      const auto k = static_cast<std::size_t>(c - first);
      walk(lanes[k], c, (i * shape.channels + c) * shape.places);
      if (full) lanes[k].empty(total[k], other[k]);
    }
  }
}

template <class Slope, class T>
FIGMENT_INLINE T slope(T g, T z) {
  if constexpr (std::is_same_v<Slope, curves::Silu>)
    return Slope::back(g, z);
  else
    return Slope::back(g, Slope::value(z));
}

// Writes mean and variance, and of each channel from `first` on the a and b of z = a x + b.
template <class T>
FIGMENT_INLINE void moments(const T* __restrict x, const T* __restrict gamma,
                            const T* __restrict beta, double epsilon, const BatchNormShape& shape,
                            std::int64_t first, std::int64_t last, T* __restrict mean,
                            T* __restrict variance, T* __restrict a, T* __restrict b) {
  // Differences from the first value: near enough to the mean that the squares do not cancel.
  std::vector<double> sum, squares;
  sums<T>(shape, first, last, sum, squares,
          [&](Lanes<T>& lanes, std::int64_t c, std::int64_t at) FIGMENT_INLINE_LAMBDA {
            const T* __restrict plane = x + at;
            const T shift = x[c * shape.places];
            lanes.add(shape.places, [&](std::int64_t p, T& s, T& t) FIGMENT_INLINE_LAMBDA {
              const T d = plane[p] - shift;
              s += d;
              t += d * d;
            });
          });
  const auto count = static_cast<double>(shape.n) * static_cast<double>(shape.places);
  for (auto c = first; c < last; ++c) {
    const auto k = static_cast<std::size_t>(c - first);
    const double away = sum[k] / count;
    const double middle = static_cast<double>(x[c * shape.places]) + away;
    double spread = squares[k] / count - away * away;
    if (spread < 0) spread = 0;  // what is no number stays so
    mean[c] = static_cast<T>(middle);
    variance[c] = static_cast<T>(spread);
    a[k] = static_cast<T>(1 / std::sqrt(spread + epsilon)) * gamma[c];
    b[k] = beta[c] - static_cast<T>(middle) * a[k];
  }
}

template <class F, class T>
FIGMENT_INLINE void values(const T* __restrict x, const BatchNormShape& shape, std::int64_t first,
                           std::int64_t last, const T* __restrict a, const T* __restrict b,
                           T* __restrict y) {
  for (std::int64_t i = 0; i < shape.n; ++i)
    for (auto c = first; c < last; ++c) {
      const auto at = (i * shape.channels + c) * shape.places;
      const T* __restrict from = x + at;
      T* __restrict to = y + at;
      const T slant = a[c - first], offset = b[c - first];
      for (std::int64_t p = 0; p < shape.places; ++p) to[p] = F::value(slant * from[p] + offset);
    }
}

// of_z into of_x, and sums of it and of of_z (x - mean).
template <class F, class T>
FIGMENT_INLINE void slopes(const T* __restrict of_y, const T* __restrict x,
                           const T* __restrict mean, const BatchNormShape& shape,
                           std::int64_t first, std::int64_t last, const T* __restrict a,
                           const T* __restrict b, T* __restrict of_x, std::vector<double>& sum,
                           std::vector<double>& sum_x) {
  sums<T>(shape, first, last, sum, sum_x,
          [&](Lanes<T>& lanes, std::int64_t c, std::int64_t at) FIGMENT_INLINE_LAMBDA {
            const T* __restrict from = x + at, * __restrict given = of_y + at;
            T* __restrict to = of_x + at;
            const T slant = a[c - first], offset = b[c - first], middle = mean[c];
            lanes.add(shape.places, [&](std::int64_t p, T& s, T& t) FIGMENT_INLINE_LAMBDA {
              const T of_z = slope<F>(given[p], slant * from[p] + offset);
              to[p] = of_z;
              s += of_z;
              t += of_z * (from[p] - middle);
            });
          });
}

// Calls work with the curve's functions.
template <class W>
FIGMENT_INLINE void with(Curve curve, W&& work) {
  switch (curve) {
    case Curve::kNone:
      return work(curves::None());
    case Curve::kRelu:
      return work(curves::Relu());
    case Curve::kLeakyRelu:
      return work(curves::LeakyRelu());
    case Curve::kTanh:
      return work(curves::Tanh());
    case Curve::kSigmoid:
      return work(curves::Sigmoid());
    case Curve::kSilu:
      return work(curves::Silu());
  }
}

template <class T>
FIGMENT_INLINE void forward(const T* x, const T* gamma, const T* beta, double epsilon,
                            const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                            T* y, T* mean, T* variance) {
  std::vector<T> room(2 * static_cast<std::size_t>(last - first));
  T *a = room.data(), *b = a + (last - first);
  moments(x, gamma, beta, epsilon, shape, first, last, mean, variance, a, b);
  with(shape.curve,
       [&](auto f) FIGMENT_INLINE_LAMBDA { values<decltype(f)>(x, shape, first, last, a, b, y); });
}

template <class T>
FIGMENT_INLINE void backward(const T* __restrict of_y, const T* __restrict x,
                             const T* __restrict gamma, const T* __restrict beta,
                             const T* __restrict mean, const T* __restrict variance, double epsilon,
                             const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                             T* __restrict of_x, T* __restrict of_gamma, T* __restrict of_beta) {
  const auto width = static_cast<std::size_t>(last - first);
  // z = a x + b; dx = a dz + u (x - mean) + v, u and v from the sums.
  std::vector<T> room(4 * width);
  T *a = room.data(), *b = a + width, *u = b + width, *v = u + width;
  std::vector<double> scale(width), sum, sum_x;
  for (auto c = first; c < last; ++c) {
    const auto k = static_cast<std::size_t>(c - first);
    scale[k] = 1 / std::sqrt(static_cast<double>(variance[c]) + epsilon);
    a[k] = static_cast<T>(scale[k]) * gamma[c];
    b[k] = beta[c] - mean[c] * a[k];
  }
  with(shape.curve, [&](auto f) FIGMENT_INLINE_LAMBDA {
    slopes<decltype(f)>(of_y, x, mean, shape, first, last, a, b, of_x, sum, sum_x);
  });
  const auto count = static_cast<double>(shape.n) * static_cast<double>(shape.places);
  for (auto c = first; c < last; ++c) {
    const auto k = static_cast<std::size_t>(c - first);
    const double s = scale[k], g = static_cast<double>(gamma[c]);
    u[k] = static_cast<T>(-s * s * s * g * sum_x[k] / count);
    v[k] = static_cast<T>(-s * g * sum[k] / count);
    of_gamma[c] = static_cast<T>(s * sum_x[k]);
    of_beta[c] = static_cast<T>(sum[k]);
  }
  for (std::int64_t i = 0; i < shape.n; ++i)
    for (auto c = first; c < last; ++c) {
      const auto at = (i * shape.channels + c) * shape.places;
      const T* __restrict from = x + at;
      T* __restrict to = of_x + at;
      const auto k = c - first;
      const T slant = a[k], of_far = u[k], of_all = v[k], middle = mean[c];
      for (std::int64_t p = 0; p < shape.places; ++p)
        to[p] = slant * to[p] + of_far * (from[p] - middle) + of_all;
    }
}

FIGMENT_CLONES
void forward_floats(const float* x, const float* gamma, const float* beta, double epsilon,
                    const BatchNormShape& shape, std::int64_t first, std::int64_t last, float* y,
                    float* mean, float* variance) {
  forward(x, gamma, beta, epsilon, shape, first, last, y, mean, variance);
}

FIGMENT_CLONES
void backward_floats(const float* of_y, const float* x, const float* gamma, const float* beta,
                     const float* mean, const float* variance, double epsilon,
                     const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                     float* of_x, float* of_gamma, float* of_beta) {
  backward(of_y, x, gamma, beta, mean, variance, epsilon, shape, first, last, of_x, of_gamma,
           of_beta);
}

}  // namespace

std::int64_t batch_norm_channels(const BatchNormShape& shape) {
  return std::max<std::int64_t>(1, 256 / std::max<std::int64_t>(1, shape.places));
}

void batch_norm_forward(const float* x, const float* gamma, const float* beta, double epsilon,
                        const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                        float* y, float* mean, float* variance) {
  forward_floats(x, gamma, beta, epsilon, shape, first, last, y, mean, variance);
}
void batch_norm_forward(const double* x, const double* gamma, const double* beta, double epsilon,
                        const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                        double* y, double* mean, double* variance) {
  forward(x, gamma, beta, epsilon, shape, first, last, y, mean, variance);
}

void batch_norm_backward(const float* of_y, const float* x, const float* gamma, const float* beta,
                         const float* mean, const float* variance, double epsilon,
                         const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                         float* of_x, float* of_gamma, float* of_beta) {
  backward_floats(of_y, x, gamma, beta, mean, variance, epsilon, shape, first, last, of_x, of_gamma,
                  of_beta);
}
void batch_norm_backward(const double* of_y, const double* x, const double* gamma,
                         const double* beta, const double* mean, const double* variance,
                         double epsilon, const BatchNormShape& shape, std::int64_t first,
                         std::int64_t last, double* of_x, double* of_gamma, double* of_beta) {
  backward(of_y, x, gamma, beta, mean, variance, epsilon, shape, first, last, of_x, of_gamma,
           of_beta);
}

}  // namespace figment
