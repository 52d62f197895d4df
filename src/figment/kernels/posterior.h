// Draws from a diagonal normal posterior and its divergence from the standard normal, fused.
//
// Plain loops on one thread: the caller splits the examples and runs the pieces in parallel.
// Examples are independent of one another. Arrays of one call must not overlap.
#pragma once

#include <cstdint>

namespace figment {

// Examples `begin` to `end` of `examples`, each with `draws` draws of `units` numbers.
struct PosteriorRows {
  std::int64_t begin = 0, end = 0, examples = 0, draws = 1, units = 0;
};

// parts [examples, 2 * units] is the means, then the log-variances v. For epsilon [draws, examples,
// units], z = mean + e^(v/2) epsilon (Kingma & Welling 2013, eq. 4), and kl[i] = 1/2 sum(mean^2 +
// e^v - 1 - v) (appendix B). Pointers are to the first example. Of floats the terms of kl are
// within 6e-7 of the true ones, relatively; e^v is infinite above e^87.
void posterior_draw(const float* parts, const float* epsilon, float* z, float* kl,
                    const PosteriorRows& rows);
void posterior_draw(const double* parts, const double* epsilon, double* z, double* kl,
                    const PosteriorRows& rows);

// Its gradient with respect to `parts`, from those of z and kl.
void posterior_draw_backward(const float* parts, const float* epsilon, const float* of_z,
                             const float* of_kl, float* of_parts, const PosteriorRows& rows);
void posterior_draw_backward(const double* parts, const double* epsilon, const double* of_z,
                             const double* of_kl, double* of_parts, const PosteriorRows& rows);

}  // namespace figment
