// Draws from a posterior and its divergence, fused.
#include "figment/kernels/posterior.h"

#include <limits>

#include "figment/kernels/clones.h"
#include "figment/kernels/exponential.h"

namespace figment {
namespace {

constexpr std::int64_t kLanes = 16;  // of partial sums; see kernels/bernoulli.cc

// e^v - 1 - v, which near 0 is v^2 / 2: the series keeps its digits where the difference has none.
FIGMENT_INLINE float excess(float v) {
  const float series =
      v * v *
      (1 / 2.0F +
       v * (1 / 6.0F +
            v * (1 / 24.0F +
                 v * (1 / 120.0F + v * (1 / 720.0F + v * (1 / 5040.0F + v * (1 / 40320.0F)))))));
  const float plain = exponential(v) - 1 - v;
  const float finite = std::abs(v) < 0.5F ? series : plain;
  return v > 87 ? std::numeric_limits<float>::infinity() : finite;
}
FIGMENT_INLINE double excess(double v) { return std::expm1(v) - v; }

template <class T>
FIGMENT_INLINE void draw(const T* __restrict parts, const T* __restrict epsilon, T* __restrict z,
                         T* __restrict kl, const PosteriorRows& rows) {
  const auto d = rows.units;
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    const T* __restrict mean = parts + i * 2 * d;
    const T* __restrict v = mean + d;
    T lanes[kLanes] = {};
    const auto whole = d / kLanes * kLanes;
    for (std::int64_t b = 0; b < whole; b += kLanes)
      for (std::int64_t j = 0; j < kLanes; ++j)
        lanes[j] += mean[b + j] * mean[b + j] + excess(v[b + j]);
    T sum = 0;
    for (std::int64_t j = whole; j < d; ++j) sum += mean[j] * mean[j] + excess(v[j]);
    for (const T lane : lanes) sum += lane;
    kl[i] = sum / 2;
    for (std::int64_t k = 0; k < rows.draws; ++k) {
      const T* __restrict e = epsilon + (k * rows.examples + i) * d;
      T* __restrict out = z + (k * rows.examples + i) * d;
      for (std::int64_t j = 0; j < d; ++j) out[j] = mean[j] + exponential(v[j] / 2) * e[j];
    }
  }
}

template <class T>
FIGMENT_INLINE void backward(const T* __restrict parts, const T* __restrict epsilon,
                             const T* __restrict of_z, const T* __restrict of_kl,
                             T* __restrict of_parts, const PosteriorRows& rows) {
  const auto d = rows.units;
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    const T* __restrict mean = parts + i * 2 * d;
    const T* __restrict v = mean + d;
    T* __restrict of_mean = of_parts + i * 2 * d;
    T* __restrict of_v = of_mean + d;
    const T g = of_kl[i];
    for (std::int64_t j = 0; j < d; ++j) of_mean[j] = g * mean[j];
    for (std::int64_t j = 0; j < d; ++j) of_v[j] = g * (excess(v[j]) + v[j]) / 2;
    for (std::int64_t k = 0; k < rows.draws; ++k) {
      const T* __restrict e = epsilon + (k * rows.examples + i) * d;
      const T* __restrict o = of_z + (k * rows.examples + i) * d;
      for (std::int64_t j = 0; j < d; ++j) {
        of_mean[j] += o[j];
        of_v[j] += o[j] * e[j] * exponential(v[j] / 2) / 2;
      }
    }
  }
}

FIGMENT_CLONES
void draw_floats(const float* parts, const float* epsilon, float* z, float* kl,
                 const PosteriorRows& rows) {
  draw(parts, epsilon, z, kl, rows);
}

FIGMENT_CLONES
void backward_floats(const float* parts, const float* epsilon, const float* of_z,
                     const float* of_kl, float* of_parts, const PosteriorRows& rows) {
  backward(parts, epsilon, of_z, of_kl, of_parts, rows);
}

}  // namespace

void posterior_draw(const float* parts, const float* epsilon, float* z, float* kl,
                    const PosteriorRows& rows) {
  draw_floats(parts, epsilon, z, kl, rows);
}
void posterior_draw(const double* parts, const double* epsilon, double* z, double* kl,
                    const PosteriorRows& rows) {
  draw(parts, epsilon, z, kl, rows);
}

void posterior_draw_backward(const float* parts, const float* epsilon, const float* of_z,
                             const float* of_kl, float* of_parts, const PosteriorRows& rows) {
  backward_floats(parts, epsilon, of_z, of_kl, of_parts, rows);
}
void posterior_draw_backward(const double* parts, const double* epsilon, const double* of_z,
                             const double* of_kl, double* of_parts, const PosteriorRows& rows) {
  backward(parts, epsilon, of_z, of_kl, of_parts, rows);
}

}  // namespace figment
