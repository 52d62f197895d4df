#include "figment/apply/plane.h"

#include <algorithm>
#include <cmath>

#include "figment/apply/latent.h"
#include "figment/core/error.h"
#include "figment/eval/pca.h"
#include "figment/report/grid.h"

namespace figment {
namespace {

constexpr int64_t kWidest = 2048;  // codes that principal axes are computed of

// Draws a frame of one pixel into a cell [C, h, w] of a picture: dark on light, light on dark.
void outline(const torch::Tensor& cell) {
  const auto h = cell.size(1), w = cell.size(2);
  if (h < 3 || w < 3) return;
  const auto inside = cell.narrow(1, 1, h - 2).narrow(2, 1, w - 2).clone();
  cell.fill_(cell.to(torch::kFloat).mean().item<double>() < 128 ? 255 : 0);
  cell.narrow(1, 1, h - 2).narrow(2, 1, w - 2).copy_(inside);
}

std::pair<std::string, std::string> coordinates(int64_t i, int64_t j) {
  return {"coordinate " + std::to_string(i), "coordinate " + std::to_string(j)};
}

}  // namespace

CodePlane::CodePlane(const CodeSpace& space, const Dataset& set,
                     const std::optional<std::pair<int64_t, int64_t>>& axes) {
  const auto k = space.width();
  if (k < 2)
    fail(Cause::kData, "manifold", "expected a model with codes of two numbers or more, got ", k);
  if (axes) {
    const auto [i, j] = *axes;
    if (i == j || std::min(i, j) < 0 || std::max(i, j) >= k)
      fail(Cause::kConfig, "--axes", "expected two different coordinates in [0, ", k, "), got ", i,
           ",", j);
  }
  auto& model = *space.run().model;
  const auto shares = k == 2 ? shares_of(model) : Shares::kExamples;
  const bool drawn = !space.encodes() || shares == Shares::kPrior;
  torch::Tensor codes;  // none: standard normal
  if (shares != Shares::kNormal)
    codes = (drawn ? draws_of_prior(model) : space.encode(set)).to(torch::kDouble);
  axes_ = torch::zeros({2, k}, torch::kDouble);
  if (k == 2 || axes || !space.encodes()) {  // of a prior no direction is the main one
    const auto [i, j] = axes.value_or(std::pair<int64_t, int64_t>{0, 1});
    axes_[0][i] = 1;
    axes_[1][j] = 1;
    names_ = coordinates(i, j);
  } else {
    if (k > kWidest)
      fail(Cause::kConfig, "manifold", "expected codes of at most ", kWidest,
           " numbers to find their main axes, got ", k, "; choose two with --axes I,J");
    if (codes.size(0) < 2)
      fail(Cause::kData, "manifold", "expected two examples or more, to find the main axes, got ",
           codes.size(0));
    axes_ = fit_pca(codes.to(torch::kFloat), 2).axes.t().to(torch::kDouble);
    names_ = {"main axis 1", "main axis 2"};
  }
  origin_ = codes.defined() ? codes.mean(0) : torch::zeros({k}, torch::kDouble);
  if (codes.defined()) position_ = (codes - origin_).mm(axes_.t());
  if (k > 2 && space.on_prior()) {
    const auto aside = codes[0] - origin_;
    origin_ += aside - axes_.t().mv(axes_.mv(aside));
  }
}

torch::Tensor CodePlane::codes(const torch::Tensor& unit) const {
  return (origin_ + through_quantiles(unit, position_).mm(axes_)).to(torch::kFloat);
}

torch::Tensor unit_walk(int64_t frames) {
  const auto t = torch::arange(frames, torch::kDouble) * (2 * M_PI / static_cast<double>(frames));
  return 0.5 + 0.45 * torch::stack({(2 * t).sin(), (3 * t + M_PI / 4).sin()}, 1);
}

std::vector<torch::Tensor> walk_frames(const torch::Tensor& grid, const torch::Tensor& walk,
                                       const torch::Tensor& unit) {
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(double(grid.size(0)))));
  FIGMENT_CHECK(side * side == grid.size(0) && walk.size(0) == unit.size(0));
  GridOptions options;
  options.columns = side;
  options.gap = 0;
  const auto sheet = image_grid(grid, options);  // [C, side * H, side * W]
  const auto h = grid.size(2), w = grid.size(3);
  const auto images = to_uint8(walk).repeat_interleave(side, 2).repeat_interleave(side, 3);
  const auto place = unit.to(torch::kDouble).contiguous();
  std::vector<torch::Tensor> frames;
  for (int64_t i = 0; i < walk.size(0); ++i) {
    auto map = sheet.clone();
    // One cell, centred on the point.
    const auto x = std::clamp<int64_t>(
        std::llround(place[i][0].item<double>() * double(side * w)) - w / 2, 0, side * w - w);
    const auto y = std::clamp<int64_t>(
        std::llround((1 - place[i][1].item<double>()) * double(side * h)) - h / 2, 0, side * h - h);
    outline(map.narrow(1, y, h).narrow(2, x, w));
    frames.push_back(torch::cat({map, images[i].expand({map.size(0), -1, -1})}, 2));
  }
  return frames;
}

}  // namespace figment
