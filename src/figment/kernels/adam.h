// The updates of an optimizer, each in one pass over flat arrays.
//
// Plain loops on one thread: the caller splits the arrays and runs the pieces in parallel. Every
// element is independent of the others, so the result does not depend on the split. Arrays of one
// call must not overlap.
#pragma once

#include <cstdint>

namespace figment {

// One step of Adam (Kingma & Ba 2015, algorithm 1) with the arithmetic of torch.optim.Adam and
// AdamW: epsilon is added after the root of the corrected second moment.
struct AdamStep {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  // true: p shrinks by learning_rate * weight_decay (Loshchilov & Hutter 2019, AdamW);
  // false: weight_decay * p is added to the gradient (L2).
  bool decoupled = true;
  // Multiplies g before all else; below 1 when the gradient is clipped or loss-scaled.
  double gradient_scale = 1;
  std::int64_t step = 1;  // 1 at the first update
};

// p, m, v: [n], updated. g: [n]. m and v are zero before step 1.
void adamw_update(float* p, const float* g, float* m, float* v, std::int64_t n,
                  const AdamStep& step);

// One step of torch.optim.SGD with dampening 0 (Sutskever et al. 2013 for the two momenta).
struct SgdStep {
  double learning_rate = 1e-2;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;  // L2, added to the gradient
  double gradient_scale = 1;
};

// p, velocity: [n], updated. g: [n]. velocity is zero before the first step, and may be null when
// momentum is 0.
void sgd_update(float* p, const float* g, float* velocity, std::int64_t n, const SgdStep& step);

// The sum of x[i]^2 in double precision and in one fixed order, so that equal arrays give equal
// sums. 0 when n is 0. Cannot overflow.
double sum_of_squares(const float* x, std::int64_t n);

// average = decay * average + (1 - decay) * p, [n] each.
void ema_update(float* average, const float* p, std::int64_t n, double decay);

}  // namespace figment
