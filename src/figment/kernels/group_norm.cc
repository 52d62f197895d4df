// Group normalization and SiLU, two walks over an example each way.
#include "figment/kernels/group_norm.h"

#include <cmath>
#include <vector>

#include "figment/kernels/clones.h"
#include "figment/kernels/exponential.h"

namespace figment {
namespace {

// Sums of single precision run over so many places at most before they are added up in double.
constexpr std::int64_t kBlock = 64;

// For each channel, sums of x - shift and of its square, where shift is the first place's x: near
// enough to the mean that the squares do not cancel. [channels] each.
template <class T>
FIGMENT_INLINE void channel_sums(const T* __restrict x, std::int64_t places, std::int64_t channels,
                                 T* __restrict part, T* __restrict part_squares,
                                 double* __restrict sum, double* __restrict squares) {
  const T* __restrict shift = x;
  for (std::int64_t c = 0; c < channels; ++c) sum[c] = squares[c] = 0;
  for (std::int64_t begin = 0; begin < places; begin += kBlock) {
    const auto end = std::min(places, begin + kBlock);
    for (std::int64_t c = 0; c < channels; ++c) part[c] = part_squares[c] = 0;
    for (std::int64_t p = begin; p < end; ++p) {
      const T* __restrict row = x + p * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        const T d = row[c] - shift[c];
        part[c] += d;
        part_squares[c] += d * d;
      }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      sum[c] += static_cast<double>(part[c]);
      squares[c] += static_cast<double>(part_squares[c]);
    }
  }
}

template <class T>
FIGMENT_INLINE void forward(const T* __restrict x, const T* __restrict gamma,
                            const T* __restrict beta, double epsilon, const GroupNormShape& shape,
                            T* __restrict y, T* __restrict mean, T* __restrict scale) {
  const auto places = shape.places, channels = shape.channels, width = channels / shape.groups;
  const auto size = static_cast<std::size_t>(channels);
  std::vector<double> sums(2 * size);
  std::vector<T> room(2 * size);
  double *sum = sums.data(), *squares = sum + channels;
  T *a = room.data(), *b = a + channels;
  channel_sums(x, places, channels, a, b, sum, squares);
  const auto count = static_cast<double>(places);
  for (std::int64_t g = 0; g < shape.groups; ++g) {
    double total = 0;
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c)
      total += static_cast<double>(x[c]) + sum[c] / count;
    const double middle = total / static_cast<double>(width);
    double spread = 0;  // sum of (x - middle)^2, by channels, each about its own mean first
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      const double of_channel = sum[c] / count;
      const double away = static_cast<double>(x[c]) + of_channel - middle;
      spread += squares[c] - count * of_channel * of_channel + count * away * away;
    }
    const double variance = std::max(0.0, spread / (count * static_cast<double>(width)));
    const double factor = 1 / std::sqrt(variance + epsilon);
    mean[g] = static_cast<T>(middle);
    scale[g] = static_cast<T>(factor);
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      a[c] = static_cast<T>(factor) * gamma[c];
      b[c] = beta[c] - static_cast<T>(middle) * a[c];
    }
  }
  for (std::int64_t p = 0; p < places; ++p) {
    const T* __restrict row = x + p * channels;
    T* __restrict out = y + p * channels;
    if (shape.silu) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const T z = a[c] * row[c] + b[c];
        out[c] = z * sigmoid(z);
      }
    } else {
      for (std::int64_t c = 0; c < channels; ++c) out[c] = a[c] * row[c] + b[c];
    }
  }
}

template <class T>
FIGMENT_INLINE void backward(const T* __restrict of_y, const T* __restrict x,
                             const T* __restrict gamma, const T* __restrict beta,
                             const T* __restrict mean, const T* __restrict scale,
                             const GroupNormShape& shape, T* __restrict of_x,
                             T* __restrict of_gamma, T* __restrict of_beta) {
  const auto places = shape.places, channels = shape.channels, width = channels / shape.groups;
  const auto size = static_cast<std::size_t>(channels);
  // z = a x + b; sums over places of dz and of dz (x - mean); then dx = a dz + u (x - mean) + v.
  std::vector<T> room(7 * size);
  std::vector<double> sums(2 * size, 0.0);
  T *a = room.data(), *b = a + channels, *m = b + channels, *u = m + channels, *v = u + channels;
  T *part = v + channels, *part_x = part + channels;
  double *sum = sums.data(), *sum_x = sum + channels;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto g = c / width;
    a[c] = scale[g] * gamma[c];
    m[c] = mean[g];
    b[c] = beta[c] - m[c] * a[c];
  }
  for (std::int64_t begin = 0; begin < places; begin += kBlock) {
    const auto end = std::min(places, begin + kBlock);
    for (std::int64_t c = 0; c < channels; ++c) part[c] = part_x[c] = 0;
    for (std::int64_t p = begin; p < end; ++p) {
      const T* __restrict row = x + p * channels;
      const T* __restrict given = of_y + p * channels;
      T* __restrict out = of_x + p * channels;
      if (shape.silu) {
        for (std::int64_t c = 0; c < channels; ++c) {
          const T z = a[c] * row[c] + b[c];
          const T s = sigmoid(z);
          const T of_z = given[c] * s * (1 + z * (1 - s));
          out[c] = of_z;
          part[c] += of_z;
          part_x[c] += of_z * (row[c] - m[c]);
        }
      } else {
        for (std::int64_t c = 0; c < channels; ++c) {
          out[c] = given[c];
          part[c] += given[c];
          part_x[c] += given[c] * (row[c] - m[c]);
        }
      }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      sum[c] += static_cast<double>(part[c]);
      sum_x[c] += static_cast<double>(part_x[c]);
    }
  }
  const double count = static_cast<double>(places) * static_cast<double>(width);
  for (std::int64_t g = 0; g < shape.groups; ++g) {
    double all = 0, all_x = 0;
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      all += static_cast<double>(gamma[c]) * sum[c];
      all_x += static_cast<double>(gamma[c]) * sum_x[c];
    }
    const auto s = static_cast<double>(scale[g]);
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
      u[c] = static_cast<T>(-s * s * s * all_x / count);
      v[c] = static_cast<T>(-s * all / count);
      of_gamma[c] = static_cast<T>(s * sum_x[c]);
      of_beta[c] = static_cast<T>(sum[c]);
    }
  }
  for (std::int64_t p = 0; p < places; ++p) {
    const T* __restrict row = x + p * channels;
    T* __restrict out = of_x + p * channels;
    for (std::int64_t c = 0; c < channels; ++c)
      out[c] = a[c] * out[c] + u[c] * (row[c] - m[c]) + v[c];
  }
}

FIGMENT_CLONES
void forward_floats(const float* x, const float* gamma, const float* beta, double epsilon,
                    const GroupNormShape& shape, float* y, float* mean, float* scale) {
  forward(x, gamma, beta, epsilon, shape, y, mean, scale);
}

FIGMENT_CLONES
void backward_floats(const float* of_y, const float* x, const float* gamma, const float* beta,
                     const float* mean, const float* scale, const GroupNormShape& shape,
                     float* of_x, float* of_gamma, float* of_beta) {
  backward(of_y, x, gamma, beta, mean, scale, shape, of_x, of_gamma, of_beta);
}

}  // namespace

void group_norm_forward(const float* x, const float* gamma, const float* beta, double epsilon,
                        const GroupNormShape& shape, float* y, float* mean, float* scale) {
  forward_floats(x, gamma, beta, epsilon, shape, y, mean, scale);
}
void group_norm_forward(const double* x, const double* gamma, const double* beta, double epsilon,
                        const GroupNormShape& shape, double* y, double* mean, double* scale) {
  forward(x, gamma, beta, epsilon, shape, y, mean, scale);
}

void group_norm_backward(const float* of_y, const float* x, const float* gamma, const float* beta,
                         const float* mean, const float* scale, const GroupNormShape& shape,
                         float* of_x, float* of_gamma, float* of_beta) {
  backward_floats(of_y, x, gamma, beta, mean, scale, shape, of_x, of_gamma, of_beta);
}
void group_norm_backward(const double* of_y, const double* x, const double* gamma,
                         const double* beta, const double* mean, const double* scale,
                         const GroupNormShape& shape, double* of_x, double* of_gamma,
                         double* of_beta) {
  backward(of_y, x, gamma, beta, mean, scale, shape, of_x, of_gamma, of_beta);
}

}  // namespace figment
