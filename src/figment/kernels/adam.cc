// Fused optimizer updates.
#include "figment/kernels/adam.h"

#include <cmath>

#include "figment/kernels/clones.h"

namespace figment {
namespace {

// What is the same for all elements of a step, in the precision of the loop.
struct AdamFactors {
  float scale, decay, shrink, beta1, beta2, new1, new2, rate, root, epsilon;
};

AdamFactors factors(const AdamStep& s) {
  const double correction1 = 1 - std::pow(s.beta1, static_cast<double>(s.step));
  const double correction2 = 1 - std::pow(s.beta2, static_cast<double>(s.step));
  AdamFactors f{};
  f.scale = static_cast<float>(s.gradient_scale);
  f.decay = static_cast<float>(s.decoupled ? 0 : s.weight_decay);
  f.shrink = static_cast<float>(s.decoupled ? 1 - s.learning_rate * s.weight_decay : 1);
  f.beta1 = static_cast<float>(s.beta1);
  f.beta2 = static_cast<float>(s.beta2);
  f.new1 = static_cast<float>(1 - s.beta1);
  f.new2 = static_cast<float>(1 - s.beta2);
  f.rate = static_cast<float>(s.learning_rate / correction1);
  f.root = static_cast<float>(1 / std::sqrt(correction2));
  f.epsilon = static_cast<float>(s.epsilon);
  return f;
}

FIGMENT_CLONES
void adam_loop(float* __restrict p, const float* __restrict g, float* __restrict m,
               float* __restrict v, std::int64_t n, AdamFactors f) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float gradient = g[i] * f.scale + f.decay * p[i];
    const float m_i = f.beta1 * m[i] + f.new1 * gradient;
    const float v_i = f.beta2 * v[i] + f.new2 * gradient * gradient;
    m[i] = m_i;
    v[i] = v_i;
    p[i] = p[i] * f.shrink - f.rate * (m_i / (std::sqrt(v_i) * f.root + f.epsilon));
  }
}

struct SgdFactors {
  float scale, decay, momentum, rate;
};

FIGMENT_CLONES
void plain_loop(float* __restrict p, const float* __restrict g, std::int64_t n, SgdFactors f) {
  for (std::int64_t i = 0; i < n; ++i) p[i] -= f.rate * (g[i] * f.scale + f.decay * p[i]);
}

FIGMENT_CLONES
void momentum_loop(float* __restrict p, const float* __restrict g, float* __restrict velocity,
                   std::int64_t n, SgdFactors f) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float v_i = f.momentum * velocity[i] + (g[i] * f.scale + f.decay * p[i]);
    velocity[i] = v_i;
    p[i] -= f.rate * v_i;
  }
}

FIGMENT_CLONES
void nesterov_loop(float* __restrict p, const float* __restrict g, float* __restrict velocity,
                   std::int64_t n, SgdFactors f) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float gradient = g[i] * f.scale + f.decay * p[i];
    const float v_i = f.momentum * velocity[i] + gradient;
    velocity[i] = v_i;
    p[i] -= f.rate * (gradient + f.momentum * v_i);
  }
}

// Independent partial sums, because one running sum would have to wait for each addition.
constexpr std::int64_t kLanes = 32;

FIGMENT_CLONES
void square_loop(const float* __restrict x, std::int64_t blocks, double* __restrict lanes) {
  double sum[kLanes] = {};
  for (std::int64_t b = 0; b < blocks; ++b)
    for (std::int64_t j = 0; j < kLanes; ++j) {
      const double value = x[b * kLanes + j];
      sum[j] += value * value;
    }
  for (std::int64_t j = 0; j < kLanes; ++j) lanes[j] = sum[j];
}

FIGMENT_CLONES
void average_loop(float* __restrict average, const float* __restrict p, std::int64_t n,
                  float weight) {
  for (std::int64_t i = 0; i < n; ++i) average[i] += weight * (p[i] - average[i]);
}

}  // namespace

void adamw_update(float* p, const float* g, float* m, float* v, std::int64_t n,
                  const AdamStep& step) {
  adam_loop(p, g, m, v, n, factors(step));
}

void sgd_update(float* p, const float* g, float* velocity, std::int64_t n, const SgdStep& step) {
  const SgdFactors f{static_cast<float>(step.gradient_scale), static_cast<float>(step.weight_decay),
                     static_cast<float>(step.momentum), static_cast<float>(step.learning_rate)};
  if (step.momentum == 0)
    plain_loop(p, g, n, f);
  else if (step.nesterov)
    nesterov_loop(p, g, velocity, n, f);
  else
    momentum_loop(p, g, velocity, n, f);
}

double sum_of_squares(const float* x, std::int64_t n) {
  double lanes[kLanes];
  const std::int64_t blocks = n / kLanes;
  square_loop(x, blocks, lanes);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  for (std::int64_t i = blocks * kLanes; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

void ema_update(float* average, const float* p, std::int64_t n, double decay) {
  average_loop(average, p, n, static_cast<float>(1 - decay));
}

}  // namespace figment
