// Sets in a plane after FFJORD's lib/toy_data.py, and one on a line.
#include "figment/data/toy.h"

#include <cmath>
#include <limits>
#include <string>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/core/text.h"

namespace figment {
namespace {

constexpr double kPi = 3.14159265358979323846;

struct LabelledPoint {
  double x, y;
  int64_t label = 0;
};

// Adds noise to both coordinates. Random numbers are drawn in statements of their own throughout:
// the order in which C++ evaluates operands is open, and the points must not depend on the
// compiler.
LabelledPoint noisy(LabelledPoint p, double deviation, Philox& random) {
  p.x += deviation * random.normal();
  p.y += deviation * random.normal();
  return p;
}

LabelledPoint scaled(LabelledPoint p, double factor) {
  return {p.x * factor, p.y * factor, p.label};
}

int64_t component(std::uint64_t n, Philox& random) { return static_cast<int64_t>(random.below(n)); }

// --- 8gaussians ---

constexpr double kGaussiansScale = 1 / 1.414;  // as published; not quite 1 / sqrt(2)
constexpr double kGaussiansRadius = 4 * kGaussiansScale;
constexpr double kGaussiansDeviation = 0.5 * kGaussiansScale;

LabelledPoint gaussian_centre(int64_t k) {
  const double angle = kPi / 4 * static_cast<double>(k);
  return {kGaussiansRadius * std::cos(angle), kGaussiansRadius * std::sin(angle), k};
}

LabelledPoint eight_gaussians(Philox& random) {
  return noisy(gaussian_centre(component(8, random)), kGaussiansDeviation, random);
}

torch::Tensor eight_gaussians_log_density(const torch::Tensor& x) {
  std::vector<torch::Tensor> exponents;  // each [n]
  for (int64_t k = 0; k < 8; ++k) {
    const auto centre = gaussian_centre(k);
    const auto squares =
        (x.select(1, 0) - centre.x).square() + (x.select(1, 1) - centre.y).square();
    exponents.push_back(squares * (-0.5 / (kGaussiansDeviation * kGaussiansDeviation)));
  }
  const double norm = std::log(8 * 2 * kPi * kGaussiansDeviation * kGaussiansDeviation);
  return torch::logsumexp(torch::stack(exponents), 0) - norm;
}

// --- checkerboard ---

LabelledPoint checkerboard(Philox& random) {
  const int64_t square = component(8, random), column = square / 2;
  const double across = random.uniform();
  const double up = random.uniform();
  // Columns 0 ... 3 from -4; in each, two of the four squares, those of its own colour.
  const auto row = static_cast<double>(square % 2 * 2 + column % 2);
  return {2 * (static_cast<double>(column) + across) - 4, 2 * (row + up) - 4, square};
}

torch::Tensor checkerboard_log_density(const torch::Tensor& x) {
  const auto cell = torch::floor(x / 2);  // [n, 2], -2 ... 1 on the board
  const auto on_board = ((cell >= -2) & (cell <= 1)).all(1);
  const auto dark = torch::remainder(cell.sum(1), 2) == 0;
  return torch::full_like(x.select(1, 0), -std::numeric_limits<double>::infinity())
      .masked_fill(on_board & dark, -std::log(32.0));
}

// --- those without a known density ---

LabelledPoint moons(Philox& random) {
  const int64_t moon = component(2, random);
  const double t = random.uniform(0, kPi);
  const LabelledPoint p = moon == 0 ? LabelledPoint{std::cos(t), std::sin(t), 0}
                                    : LabelledPoint{1 - std::cos(t), 0.5 - std::sin(t), 1};
  const auto q = noisy(p, 0.1, random);
  return {2 * q.x - 1, 2 * q.y - 0.2, q.label};
}

LabelledPoint on_circle(double radius, int64_t label, Philox& random) {
  const double angle = random.uniform(0, 2 * kPi);
  return {radius * std::cos(angle), radius * std::sin(angle), label};
}

LabelledPoint circles(Philox& random) {
  const int64_t circle = component(2, random);
  return scaled(noisy(on_circle(circle == 0 ? 1 : 0.5, circle, random), 0.08, random), 3);
}

// FFJORD scales the rings before it adds the noise, the circles after.
LabelledPoint rings(Philox& random) {
  const int64_t ring = component(4, random);
  return noisy(on_circle(3 - 0.75 * static_cast<double>(ring), ring, random), 0.08, random);
}

LabelledPoint swissroll(Philox& random) {
  const double t = 1.5 * kPi * (1 + 2 * random.uniform());
  return scaled(noisy({t * std::cos(t), t * std::sin(t)}, 1, random), 0.2);
}

LabelledPoint pinwheel(Philox& random) {
  const int64_t blade = component(5, random);
  const auto p = noisy({0, 0, blade}, 1, random);
  const double out = 1 + 0.3 * p.x, aside = 0.1 * p.y;
  const double angle = 2 * kPi / 5 * static_cast<double>(blade) + 0.25 * std::exp(out);
  const double c = std::cos(angle), s = std::sin(angle);
  return {2 * (out * c + aside * s), 2 * (aside * c - out * s), blade};
}

LabelledPoint spirals(Philox& random) {
  const int64_t arm = component(2, random);
  const double sign = arm == 0 ? 1 : -1;
  const double t = std::sqrt(random.uniform()) * 3 * kPi;  // 540 degrees
  const double x = -t * std::cos(t) + random.uniform(0, 0.5);
  const double y = t * std::sin(t) + random.uniform(0, 0.5);
  return noisy({sign * x / 3, sign * y / 3, arm}, 0.1, random);
}

LabelledPoint sine(Philox& random) {
  const double t = random.uniform(0, 2 * kPi);
  return {t, std::sin(t)};
}

torch::Tensor sine_curve(const torch::Tensor& t) {
  const auto x = 2 * kPi * t;
  return torch::stack({x, x.sin()}, 1);
}

// --- on a line ---

constexpr double kPairPlace = 2, kPairDeviation = 0.5;

LabelledPoint two_gaussians(Philox& random) {
  const int64_t which = component(2, random);
  return {(which == 0 ? -kPairPlace : kPairPlace) + kPairDeviation * random.normal(), 0, which};
}

torch::Tensor two_gaussians_log_density(const torch::Tensor& x) {
  const auto at = x.select(1, 0) / kPairDeviation;
  const double place = kPairPlace / kPairDeviation;
  return torch::logaddexp(-0.5 * (at - place).square(), -0.5 * (at + place).square()) -
         std::log(2 * std::sqrt(2 * kPi) * kPairDeviation);
}

// --- the table ---

struct ToySet {
  ToyCard card;
  const char* component;  // what a component is called, and how many there are
  int64_t components;
  LabelledPoint (*draw)(Philox&);
  torch::Tensor (*log_density)(const torch::Tensor&);
  torch::Tensor (*curve)(const torch::Tensor&) = nullptr;
  int64_t dims = 2;  // of 1 a point's y is nothing
};

constexpr ToySet kSets[] = {
    {{"8gaussians", "eight normals on a circle; density known, entropy 2.8307 nats"},
     "gaussian",
     8,
     eight_gaussians,
     eight_gaussians_log_density},
    {{"checkerboard", "uniform on every other square; density known, entropy 3.4657 nats"},
     "square",
     8,
     checkerboard,
     checkerboard_log_density},
    {{"moons", "two half moons that reach into each other"}, "moon", 2, moons, nullptr},
    {{"circles", "two circles, one in the other"}, "circle", 2, circles, nullptr},
    {{"rings", "four rings, one in the other"}, "ring", 4, rings, nullptr},
    {{"swissroll", "a roll seen from its end"}, "", 0, swissroll, nullptr},
    {{"pinwheel", "five bent blades"}, "blade", 5, pinwheel, nullptr},
    {{"spirals", "two arms of a spiral"}, "arm", 2, spirals, nullptr},
    {{"sine", "the curve (t, sin t) for t from 0 to 2 pi"}, "", 0, sine, nullptr, sine_curve},
    {{"2gaussians", "two normals on a line; density known, entropy 1.4189 nats"},
     "gaussian",
     2,
     two_gaussians,
     two_gaussians_log_density,
     nullptr,
     1},
};

const ToySet& find(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& set : kSets) {
    if (name == set.card.name) return set;
    names.emplace_back(set.card.name);
  }
  fail(Cause::kConfig, "toy", "expected one of ", join(names, ", "), ", got '", printable(name),
       "'", did_you_mean(name, names));
}

Dataset draw(const ToySet& set, std::uint64_t seed, int64_t first, int64_t n) {
  Dataset out;
  out.name = set.card.name;
  out.spec.modality = Modality::kVector;
  out.spec.shape = {set.dims};
  out.columns = set.dims == 1 ? std::vector<std::string>{"x"} : std::vector<std::string>{"x", "y"};
  for (int64_t k = 0; k < set.components; ++k)
    out.spec.classes.push_back(std::string(set.component) + " " + std::to_string(k));
  out.x = torch::empty({n, set.dims}, torch::kFloat32);
  const auto label = torch::empty({n}, torch::kInt64);
  auto* const x = out.x.data_ptr<float>();
  auto* const labels = label.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) {
    Philox random(seed, static_cast<std::uint64_t>(first + i));
    const auto point = set.draw(random);
    x[set.dims * i] = static_cast<float>(point.x);
    if (set.dims == 2) x[2 * i + 1] = static_cast<float>(point.y);
    labels[i] = point.label;
  }
  if (set.components > 0) out.label = label;
  return out;
}

void expect_within(const char* key, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high)
    fail(Cause::kConfig, key, "expected ", low, " to ", high, " points, got ", value);
}

constexpr int64_t kMost = 1000000000;

}  // namespace

const std::vector<ToyCard>& toy_sets() {
  static const auto cards = [] {
    std::vector<ToyCard> out;
    for (const auto& set : kSets) out.push_back(set.card);
    return out;
  }();
  return cards;
}

bool is_toy(std::string_view name) {
  return std::any_of(std::begin(kSets), std::end(kSets),
                     [&](const ToySet& set) { return name == set.card.name; });
}

Source toy(std::string_view name, const ToyOptions& options) {
  const auto& set = find(name);
  expect_within("n_train", options.n_train, 1, kMost);
  expect_within("n_test", options.n_test, 0, kMost);
  Source source;
  source.train = draw(set, mix(options.seed, 0), 0, options.n_train);
  if (options.n_test > 0) source.test = draw(set, mix(options.seed, 1), 0, options.n_test);
  return source;
}

Dataset toy_points(std::string_view name, std::uint64_t seed, int64_t first, int64_t n) {
  expect_within("n", n, 0, kMost);
  expect_within("first", first, 0, std::numeric_limits<int64_t>::max() - kMost);
  return draw(find(name), mix(seed, 0), first, n);
}

int64_t toy_dims(std::string_view name) { return find(name).dims; }

bool toy_has_density(std::string_view name) {
  for (const auto& set : kSets)
    if (name == set.card.name) return set.log_density != nullptr;
  return false;
}

std::optional<torch::Tensor> toy_log_density(std::string_view name, const torch::Tensor& x) {
  const auto& set = find(name);
  FIGMENT_CHECK(x.dim() == 2 && x.size(1) == set.dims);
  if (set.log_density == nullptr) return std::nullopt;
  return set.log_density(x);
}

std::optional<torch::Tensor> toy_curve(std::string_view name, const torch::Tensor& t) {
  FIGMENT_CHECK(t.dim() == 1 && t.scalar_type() == torch::kDouble);
  for (const auto& set : kSets)
    if (name == set.card.name && set.curve != nullptr) return set.curve(t);
  return std::nullopt;
}

}  // namespace figment
