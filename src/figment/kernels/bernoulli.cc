// Bernoulli log-probabilities, fused.
#include "figment/kernels/bernoulli.h"

#include "figment/kernels/clones.h"
#include "figment/kernels/exponential.h"

namespace figment {
namespace {

// Independent partial sums, because one running sum would have to wait for each addition, and the
// compiler may not reorder it.
constexpr std::int64_t kLanes = 16;  // divides 28 * 28

template <class T>
FIGMENT_INLINE void forward(const T* __restrict logits, const T* __restrict x, T* __restrict out,
                            BernoulliRows rows) {
  const std::int64_t blocks = rows.width / kLanes;
  for (std::int64_t r = rows.begin; r < rows.end; ++r) {
    const T* __restrict l = logits + r * rows.width;
    const T* __restrict p = x + (r % rows.examples) * rows.width;
    T lanes[kLanes] = {};
    for (std::int64_t b = 0; b < blocks; ++b)
      for (std::int64_t j = 0; j < kLanes; ++j)
        lanes[j] += p[b * kLanes + j] * l[b * kLanes + j] - softplus(l[b * kLanes + j]);
    T sum = 0;
    for (std::int64_t j = blocks * kLanes; j < rows.width; ++j) sum += p[j] * l[j] - softplus(l[j]);
    for (std::int64_t j = 0; j < kLanes; ++j) sum += lanes[j];
    out[r] = sum;
  }
}

template <class T>
FIGMENT_INLINE void backward(const T* __restrict logits, const T* __restrict x,
                             const T* __restrict of_out, T* __restrict of_logits,
                             BernoulliRows rows) {
  for (std::int64_t r = rows.begin; r < rows.end; ++r) {
    const T* __restrict l = logits + r * rows.width;
    const T* __restrict p = x + (r % rows.examples) * rows.width;
    T* __restrict g = of_logits + r * rows.width;
    const T scale = of_out[r];
    for (std::int64_t j = 0; j < rows.width; ++j) g[j] = scale * (p[j] - sigmoid(l[j]));
  }
}

FIGMENT_CLONES
void forward_floats(const float* logits, const float* x, float* out, BernoulliRows rows) {
  forward(logits, x, out, rows);
}

FIGMENT_CLONES
void backward_floats(const float* logits, const float* x, const float* of_out, float* of_logits,
                     BernoulliRows rows) {
  backward(logits, x, of_out, of_logits, rows);
}

}  // namespace

void bernoulli_log_prob(const float* logits, const float* x, float* out,
                        const BernoulliRows& rows) {
  forward_floats(logits, x, out, rows);
}

void bernoulli_log_prob(const double* logits, const double* x, double* out,
                        const BernoulliRows& rows) {
  forward(logits, x, out, rows);
}

void bernoulli_log_prob_backward(const float* logits, const float* x, const float* of_out,
                                 float* of_logits, const BernoulliRows& rows) {
  backward_floats(logits, x, of_out, of_logits, rows);
}

void bernoulli_log_prob_backward(const double* logits, const double* x, const double* of_out,
                                 double* of_logits, const BernoulliRows& rows) {
  backward(logits, x, of_out, of_logits, rows);
}

}  // namespace figment
