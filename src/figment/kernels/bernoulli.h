// The log-probability of binary images under logits and its gradient, each in one pass.
//
// Plain loops on one thread: the caller splits the rows and runs the pieces in parallel. Rows are
// independent of one another, so the result does not depend on the split. Arrays of one call must
// not overlap.
#pragma once

#include <cstdint>

namespace figment {

// Rows `begin` to `end` of logits [rows, width] against x [examples, width]: row r belongs to
// example r % examples, so that each example may have logits many times.
struct BernoulliRows {
  std::int64_t begin = 0, end = 0, examples = 1, width = 0;
};

// out[r] = sum_j x_j l_j - log(1 + e^l_j), the sum over j of log p(x_j) when s(l_j) is the
// probability of 1 (s: the logistic function). Pointers are to row 0. Of floats the terms are
// within 4e-7 of the true ones, relatively or, near 0, absolutely.
void bernoulli_log_prob(const float* logits, const float* x, float* out, const BernoulliRows& rows);
void bernoulli_log_prob(const double* logits, const double* x, double* out,
                        const BernoulliRows& rows);

// Its gradient: of_logits[r, j] = of_out[r] * (x_j - s(l_j)).
void bernoulli_log_prob_backward(const float* logits, const float* x, const float* of_out,
                                 float* of_logits, const BernoulliRows& rows);
void bernoulli_log_prob_backward(const double* logits, const double* x, const double* of_out,
                                 double* of_logits, const BernoulliRows& rows);

}  // namespace figment
