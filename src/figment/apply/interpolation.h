// Ways from one code to another, and what they pass on the way.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/apply/code_space.h"

namespace figment {

// a and b [n, k] -> [n, steps, k], from a to b in equal steps along the straight line; steps >= 2.
torch::Tensor lerp(const torch::Tensor& a, const torch::Tensor& b, int64_t steps);

// The same along the great circle: sin((1 - t) w) / sin w a + sin(t w) / sin w b, w being the angle
// between a and b (Shoemake, "Animating rotation with quaternion curves", 1985; for codes White,
// "Sampling generative networks", 2016, https://arxiv.org/abs/1609.04468). Between codes of one
// length every point has that length, as nearly all draws of a wide normal prior have, while the
// straight line passes nearer to 0. Where a and b point the same or the opposite way, or one is 0,
// no circle is told and the line is taken.
torch::Tensor slerp(const torch::Tensor& a, const torch::Tensor& b, int64_t steps);

// Pairs of examples of `set`, [m, 2] int64 with m <= pairs: of different classes where there are
// labels, every example in one pair at most, taken in the order of the set.
torch::Tensor pairs_of(const Dataset& set, int64_t pairs);

// m * steps examples each in the model's numbers, pair after pair, [m * steps, shape...].
struct Interpolations {
  torch::Tensor linear;     // codes along the line, decoded
  torch::Tensor spherical;  // codes along the great circle, decoded
  torch::Tensor plain;      // the examples themselves along the line, with no model
  torch::Tensor angle;      // [m] between the two codes, radians
  torch::Tensor distance;   // [m] between the two codes
};

// From each of `from` to the same of `to`, both of m examples. A conditional model decodes under
// the class of the nearer end, and attributes in between those of both.
Interpolations interpolate(const CodeSpace& space, const Dataset& from, const Dataset& to,
                           int64_t steps);

// `ways` ways between codes drawn from the prior, for a model that does not encode: from draw 2 i
// to draw 2 i + 1. One told a class makes the whole i-th way of class i, counted round. The plain
// line is then that between the decoded ends.
Interpolations interpolate_drawn(const CodeSpace& space, int64_t ways, std::uint64_t seed,
                                 int64_t steps);

}  // namespace figment
