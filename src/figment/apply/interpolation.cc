#include "figment/apply/interpolation.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {
namespace {

// Below this sine the circle through both is not told by rounded numbers.
constexpr double kSmallestSine = 1e-4;

torch::Tensor shares(int64_t steps) {
  FIGMENT_CHECK(steps >= 2);
  return torch::linspace(0, 1, steps, torch::kDouble).view({1, steps, 1});
}

// [n] in [0, pi]; 0 where one of the two is 0.
torch::Tensor angle_between(const torch::Tensor& a, const torch::Tensor& b) {
  // By half the angle between the unit vectors, which keeps its digits at both ends (Kahan 2006).
  const auto unit = [](const torch::Tensor& x) { return x / x.norm(2, 1, true).clamp_min(1e-300); };
  const auto u = unit(a), v = unit(b);
  const auto w = 2 * torch::atan2((u - v).norm(2, 1), (u + v).norm(2, 1));
  return w.masked_fill((a.norm(2, 1) == 0).logical_or(b.norm(2, 1) == 0), 0);
}

}  // namespace

torch::Tensor lerp(const torch::Tensor& a, const torch::Tensor& b, int64_t steps) {
  const auto t = shares(steps);
  const auto from = a.to(torch::kDouble).unsqueeze(1), to = b.to(torch::kDouble).unsqueeze(1);
  return ((1 - t) * from + t * to).to(torch::kFloat);
}

torch::Tensor slerp(const torch::Tensor& a, const torch::Tensor& b, int64_t steps) {
  const auto t = shares(steps);
  const auto from = a.to(torch::kDouble), to = b.to(torch::kDouble);
  const auto w = angle_between(from, to).view({-1, 1, 1});  // [n, 1, 1]
  const auto sine = w.sin();
  const auto circle = ((1 - t) * w).sin() / sine * from.unsqueeze(1) +
                      (t * w).sin() / sine * to.unsqueeze(1);  // [n, steps, k]
  const auto line = (1 - t) * from.unsqueeze(1) + t * to.unsqueeze(1);
  return torch::where(sine.abs() < kSmallestSine, line, circle).to(torch::kFloat);
}

torch::Tensor pairs_of(const Dataset& set, int64_t pairs) {
  std::vector<int64_t> out;
  std::vector<bool> taken(static_cast<std::size_t>(set.size()), false);
  const auto label =
      set.label.defined() ? set.label.contiguous() : torch::arange(set.size(), torch::kLong);
  const auto* classes = label.data_ptr<int64_t>();
  for (int64_t i = 0; i < set.size() && static_cast<int64_t>(out.size()) < 2 * pairs; ++i) {
    if (taken[static_cast<std::size_t>(i)]) continue;
    for (int64_t j = i + 1; j < set.size(); ++j) {
      if (taken[static_cast<std::size_t>(j)] || classes[i] == classes[j]) continue;
      taken[static_cast<std::size_t>(i)] = taken[static_cast<std::size_t>(j)] = true;
      out.insert(out.end(), {i, j});
      break;
    }
  }
  return torch::tensor(out, torch::kLong).view({-1, 2});
}

namespace {

// The conditions on the way, [m * steps]: examples of the nearer end, attributes in between.
Dataset conditions_between(const Dataset& from, const Dataset& to, int64_t steps) {
  const auto m = from.size();
  const auto pair = torch::arange(m, torch::kLong).repeat_interleave(steps);
  const auto step = torch::arange(steps, torch::kLong).repeat({m});
  auto out = from.joined(to).select(pair + (2 * step >= steps).to(torch::kLong) * m);
  if (from.attributes.defined() && to.attributes.defined())
    out.attributes = lerp(from.attributes, to.attributes, steps).flatten(0, 1);
  return out;
}

// All but the plain line.
Interpolations through_codes(const CodeSpace& space, const torch::Tensor& a, const torch::Tensor& b,
                             const Dataset& given, int64_t steps) {
  Interpolations out;
  out.linear = space.decode(lerp(a, b, steps).flatten(0, 1), given);
  out.spherical = space.decode(slerp(a, b, steps).flatten(0, 1), given);
  out.angle = angle_between(a.to(torch::kDouble), b.to(torch::kDouble));
  out.distance = (a - b).norm(2, 1).to(torch::kDouble);
  return out;
}

}  // namespace

Interpolations interpolate(const CodeSpace& space, const Dataset& from, const Dataset& to,
                           int64_t steps) {
  FIGMENT_CHECK(from.size() == to.size() && from.size() > 0);
  auto out = through_codes(space, space.encode(from), space.encode(to),
                           conditions_between(from, to, steps), steps);
  auto shape = from.spec.shape;
  shape.insert(shape.begin(), from.size() * steps);
  out.plain = lerp(in_model_numbers(space.run(), from).flatten(1),
                   in_model_numbers(space.run(), to).flatten(1), steps)
                  .reshape(shape);
  return out;
}

Interpolations interpolate_drawn(const CodeSpace& space, int64_t ways, std::uint64_t seed,
                                 int64_t steps) {
  FIGMENT_CHECK(ways > 0);
  const auto codes = space.draw(2 * ways, seed);
  const auto a = codes.slice(0, 0, 2 * ways, 2), b = codes.slice(0, 1, 2 * ways, 2);
  Dataset given;
  if (space.conditional()) {
    given.spec = space.run().example();
    auto shape = given.spec.shape;
    shape.insert(shape.begin(), ways * steps);
    const bool image = given.spec.modality == Modality::kImage;
    given.x = torch::zeros(shape, image ? torch::kByte : torch::kFloat);
    const auto classes = static_cast<int64_t>(given.spec.classes.size());
    given.label = torch::arange(ways, torch::kLong)
                      .remainder(std::max<int64_t>(classes, 1))
                      .repeat_interleave(steps);
  }
  auto out = through_codes(space, a, b, given, steps);
  const auto made = out.linear.view({ways, steps, -1});
  out.plain = lerp(made.select(1, 0), made.select(1, steps - 1), steps).reshape(out.linear.sizes());
  return out;
}

}  // namespace figment
