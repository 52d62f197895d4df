#include "figment/models/flow/layers.h"

#include <cmath>
#include <tuple>
#include <utility>

#include "figment/core/error.h"
#include "figment/models/flow/spline.h"

namespace figment::models {
namespace {

// No affine map stretches one element by more than exp of this, so that no example blows up in the
// inverse of a flow that never saw its like.
constexpr double kLargestLogScale = 3;

torch::Tensor log_scale_of(const torch::Tensor& raw) {
  return kLargestLogScale * torch::tanh(raw / kLargestLogScale);
}

// [channels] in the shape that broadcasts along dimension 1 of x.
torch::Tensor along_channels(const torch::Tensor& values, const torch::Tensor& x) {
  return x.dim() == 4 ? values.view({1, -1, 1, 1}) : values.view({1, -1});
}

// Places of an example over which a column or channel is repeated: 1, or H * W.
double places(const torch::Tensor& x) {
  return x.dim() == 4 ? static_cast<double>(x.size(2) * x.size(3)) : 1.0;
}

torch::Tensor per_example(const torch::Tensor& number, const torch::Tensor& x) {
  return number.expand({x.size(0)});
}

// x [n, channels, ...] as [channels, n * places], and such rows back in the shape of x.
torch::Tensor channels_first(const torch::Tensor& x) { return x.transpose(0, 1).flatten(1); }

torch::Tensor examples_first(const torch::Tensor& rows, const torch::Tensor& x) {
  auto shape = x.sizes().vec();
  std::swap(shape[0], shape[1]);
  return rows.reshape(shape).transpose(0, 1).contiguous();
}

// x [n, m], raw [n, m, k]. `backwards`: from the noise's side.
ElementMapped map_elements(const ElementMapOptions& map, const torch::Tensor& x,
                           const torch::Tensor& raw, bool backwards) {
  if (map.kind == ElementMap::kSpline)
    return backwards ? inverse_spline(x, raw, map.bound) : spline(x, raw, map.bound);
  const auto shift = raw.select(2, 0);
  if (map.kind == ElementMap::kAdditive)
    return {backwards ? x - shift : x + shift, torch::zeros_like(x)};
  const auto log_scale = log_scale_of(raw.select(2, 1));
  if (backwards) return {(x - shift) * torch::exp(-log_scale), -log_scale};
  return {x * torch::exp(log_scale) + shift, log_scale};
}

}  // namespace

int64_t ElementMapOptions::parameters() const {
  switch (kind) {
    case ElementMap::kAffine:
      return 2;
    case ElementMap::kAdditive:
      return 1;
    case ElementMap::kSpline:
      return spline_parameters(bins);
  }
  return 0;
}

ActnormLayer::ActnormLayer(int64_t channels)
    : shift_(register_parameter("shift", torch::zeros({channels}))),
      log_scale_(register_parameter("log_scale", torch::zeros({channels}))) {}

void ActnormLayer::begin_with(const torch::Tensor& x) {
  torch::NoGradGuard no_grad;
  const auto rows = channels_first(x);
  shift_.copy_(-rows.mean(1));
  // A column that never moves keeps a scale that it can leave.
  log_scale_.copy_(-(rows.std(1, false) + 1e-3).log());
}

Flowed ActnormLayer::forward(const torch::Tensor& x, const torch::Tensor&) {
  const auto y = (x + along_channels(shift_, x)) * along_channels(log_scale_, x).exp();
  return {y, per_example(log_scale_.sum() * places(x), x)};
}

torch::Tensor ActnormLayer::inverse(const torch::Tensor& y, const torch::Tensor&) {
  return y * along_channels(-log_scale_, y).exp() - along_channels(shift_, y);
}

MarginalLayer::MarginalLayer(int64_t channels, int64_t bins, double bound)
    : bins_(bins),
      bound_(bound),
      raw_(register_parameter("raw", torch::zeros({channels, spline_parameters(bins)}))) {}

void MarginalLayer::begin_with(const torch::Tensor& x) {
  torch::NoGradGuard no_grad;
  raw_.copy_(spline_to_normal(channels_first(x), bins_, bound_));
}

Flowed MarginalLayer::forward(const torch::Tensor& x, const torch::Tensor&) {
  const auto mapped = spline_of_rows(channels_first(x), raw_, bound_);
  return {examples_first(mapped.y, x), examples_first(mapped.log_derivative, x).flatten(1).sum(1)};
}

torch::Tensor MarginalLayer::inverse(const torch::Tensor& y, const torch::Tensor&) {
  return examples_first(inverse_spline_of_rows(channels_first(y), raw_, bound_).y, y);
}

LinearLayer::LinearLayer(int64_t channels) {
  const auto rotation =
      std::get<0>(torch::linalg_qr(torch::randn({channels, channels}, torch::kDouble)));
  const auto [p, l, u] = torch::linalg_lu(rotation);
  const auto diagonal = u.diagonal();
  permutation_ = register_buffer("permutation", p.to(torch::kFloat));
  sign_ = register_buffer("sign", diagonal.sign().to(torch::kFloat));
  lower_ = register_parameter("lower", l.tril(-1).to(torch::kFloat));
  upper_ = register_parameter("upper", u.triu(1).to(torch::kFloat));
  log_magnitude_ = register_parameter("log_magnitude", diagonal.abs().log().to(torch::kFloat));
}

torch::Tensor LinearLayer::lower() const {
  return lower_.tril(-1) + torch::eye(lower_.size(0), lower_.options());
}

torch::Tensor LinearLayer::upper() const {
  return upper_.triu(1) + torch::diag(sign_ * log_magnitude_.exp());
}

Flowed LinearLayer::forward(const torch::Tensor& x, const torch::Tensor&) {
  const auto w = permutation_.mm(lower()).mm(upper());
  const auto y = x.dim() == 4 ? torch::conv2d(x, w.unsqueeze(2).unsqueeze(3)) : x.mm(w.t());
  return {y, per_example(log_magnitude_.sum() * places(x), x)};  // Glow, eq. 11
}

torch::Tensor LinearLayer::inverse(const torch::Tensor& y, const torch::Tensor&) {
  // Two triangular systems lose less than an inverse matrix would.
  const auto columns = permutation_.t().mm(channels_first(y));
  const auto half = torch::linalg_solve_triangular(lower(), columns, false);
  return examples_first(torch::linalg_solve_triangular(upper(), half, true), y);
}

Flowed ReverseLayer::forward(const torch::Tensor& x, const torch::Tensor&) {
  return {x.flip(1), x.new_zeros({x.size(0)})};
}

torch::Tensor ReverseLayer::inverse(const torch::Tensor& y, const torch::Tensor&) {
  return y.flip(1);
}

CouplingLayer::CouplingLayer(std::vector<int64_t> shape, bool checkerboard, bool other,
                             const ElementMapOptions& map, const FlowNetworkOptions& network)
    : checkerboard_(checkerboard), other_(other), first_((shape[0] + 1) / 2), map_(map) {
  // Black squares and white ones are two pictures of twice the channels, half as high and wide.
  const auto first = checkerboard ? 2 * shape[0] : first_;
  const auto second = checkerboard ? 2 * shape[0] : shape[0] - first_;
  const auto kept = other ? second : first, moved = other ? first : second;
  network_ = register_module(
      "network", FlowNetwork(kept, moved * map_.parameters(), shape.size() == 3, network));
}

CouplingLayer::Halves CouplingLayer::apart(const torch::Tensor& x) const {
  torch::Tensor first, second;
  if (checkerboard_) {
    const auto squares =
        squeeze_pixels(x).reshape({x.size(0), x.size(1), 4, x.size(2) / 2, x.size(3) / 2});
    const auto pick = [&](int64_t a, int64_t b) {
      return torch::cat({squares.select(2, a), squares.select(2, b)}, 1);
    };
    first = pick(0, 3);   // row and column both even, or both odd
    second = pick(1, 2);  // one of them odd
  } else {
    first = x.narrow(1, 0, first_);
    second = x.narrow(1, first_, x.size(1) - first_);
  }
  return other_ ? Halves{second, first} : Halves{first, second};
}

torch::Tensor CouplingLayer::together(const torch::Tensor& kept, const torch::Tensor& moved) const {
  const auto& first = other_ ? moved : kept;
  const auto& second = other_ ? kept : moved;
  if (!checkerboard_) return torch::cat({first, second}, 1);
  const auto a = first.chunk(2, 1), b = second.chunk(2, 1);
  return unsqueeze_pixels(torch::stack({a[0], b[0], b[1], a[1]}, 2).flatten(1, 2));
}

torch::Tensor CouplingLayer::parameters_for(const torch::Tensor& kept,
                                            const torch::Tensor& condition) {
  const auto k = map_.parameters();
  // [n, k * moved channels, ...], the parameters outermost, which keeps each a block in memory.
  const auto raw = network_(kept.contiguous(), condition);
  return raw.view({raw.size(0), k, -1}).transpose(1, 2);
}

Flowed CouplingLayer::forward(const torch::Tensor& x, const torch::Tensor& condition) {
  const auto [kept, moved] = apart(x);
  const auto mapped = map_elements(map_, moved.flatten(1), parameters_for(kept, condition), false);
  return {together(kept, mapped.y.reshape(moved.sizes())), mapped.log_derivative.sum(1)};
}

torch::Tensor CouplingLayer::inverse(const torch::Tensor& y, const torch::Tensor& condition) {
  const auto [kept, moved] = apart(y);
  const auto mapped = map_elements(map_, moved.flatten(1), parameters_for(kept, condition), true);
  return together(kept, mapped.y.reshape(moved.sizes()));
}

AutoregressiveLayer::AutoregressiveLayer(int64_t columns, bool reversed,
                                         const ElementMapOptions& map,
                                         const FlowNetworkOptions& network)
    : reversed_(reversed),
      map_(map),
      network_(register_module("network",
                               MaskedNetwork(columns, map.parameters(), reversed, network))) {}

Flowed AutoregressiveLayer::forward(const torch::Tensor& x, const torch::Tensor& condition) {
  const auto mapped = map_elements(map_, x, network_(x, condition), false);
  return {mapped.y, mapped.log_derivative.sum(1)};
}

torch::Tensor AutoregressiveLayer::inverse(const torch::Tensor& y, const torch::Tensor& condition) {
  const auto columns = y.size(1);
  auto x = torch::zeros_like(y);
  for (int64_t i = 0; i < columns; ++i) {
    const auto column = reversed_ ? columns - 1 - i : i;
    const auto raw = network_(x, condition).narrow(1, column, 1);
    const auto known = map_elements(map_, y.narrow(1, column, 1), raw, true).y;
    // Not in place: a decoder may be differentiated.
    x = torch::cat({x.narrow(1, 0, column), known, x.narrow(1, column + 1, columns - column - 1)},
                   1);
  }
  return x;
}

torch::Tensor squeeze_pixels(const torch::Tensor& x) { return torch::pixel_unshuffle(x, 2); }

torch::Tensor unsqueeze_pixels(const torch::Tensor& x) { return torch::pixel_shuffle(x, 2); }

Flowed SqueezeLayer::forward(const torch::Tensor& x, const torch::Tensor&) {
  return {squeeze_pixels(x), x.new_zeros({x.size(0)})};
}

torch::Tensor SqueezeLayer::inverse(const torch::Tensor& y, const torch::Tensor&) {
  return unsqueeze_pixels(y);
}

}  // namespace figment::models
