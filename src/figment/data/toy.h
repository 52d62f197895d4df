// Sets in a plane on which densities can be seen, in the parametrisation of FFJORD (Grathwohl et
// al. 2019, lib/toy_data.py), and one on a line, with fresh points as many as wanted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "figment/data/dataset.h"

namespace figment {

struct ToyCard {
  const char* name;
  const char* description;  // one line
};

// The sets there are:
//   8gaussians    equal normals of deviation .5/1.414 on a circle of radius 4/1.414
//   checkerboard  uniform on every other square of side 2 in [-4, 4)^2
//   moons, circles (two), rings (four), swissroll, pinwheel, spirals ("2spirals" there)
//   sine          (t, sin t), t uniform on [0, 2 pi): a curve in the plane, which has no density
//   2gaussians    on a line, equal normals of deviation 1/2 at -2 and 2
const std::vector<ToyCard>& toy_sets();
bool is_toy(std::string_view name);  // whether it is one of them

struct ToyOptions {
  std::uint64_t seed = 0;
  int64_t n_train = 20000;  // at least 1
  int64_t n_test = 10000;   // 0: no test set
};

// A training and a test set of vectors, float32 [n, d], that share no stream of random numbers.
// Labels are the component a point was drawn from (normal, square, moon, ring, blade, arm), where
// there are components. Throws Error(kConfig) for an unknown name or options out of range.
Source toy(std::string_view name, const ToyOptions& options = {});

// Points first ... first + n - 1 of the endless sequence that belongs to (name, seed); toy's
// training set is its beginning. Point i is a function of (name, seed, i). Throws Error(kConfig)
// like toy.
Dataset toy_points(std::string_view name, std::uint64_t seed, int64_t first, int64_t n);

// Numbers of a point, d: 2, or 1 on a line. Throws Error(kConfig) for an unknown name.
int64_t toy_dims(std::string_view name);

// Whether toy_log_density knows a density; false for an unknown name too.
bool toy_has_density(std::string_view name);

// The exact log-density in nats at the points x [n, d], as [n] in x's type and on its device; minus
// infinity where there is none. Known for 8gaussians (entropy 2.8307), checkerboard (log 32 =
// 3.4657) and 2gaussians (1.4189), nothing for the others. Throws Error(kConfig) for an unknown
// name.
std::optional<torch::Tensor> toy_log_density(std::string_view name, const torch::Tensor& x);

// The curve that the points of a set lie on, at the parameters t [n] double: points [n, 2] double.
// The set has t in [0, 1); beyond it the formula goes on. Known for sine, nothing for other sets
// and names.
std::optional<torch::Tensor> toy_curve(std::string_view name, const torch::Tensor& t);

}  // namespace figment
