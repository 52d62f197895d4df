#include "figment/data/bins.h"

#include <cmath>
#include <vector>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kPlaces = 5;   // along each axis of a bin, where a density is taken
constexpr double kMargin = 0.1;  // of the points' width

// Points [n, d] -> index of their bins [n], side^d for those outside.
torch::Tensor bin_of(const Bins& bins, const torch::Tensor& points) {
  const auto cell =
      ((points.to(torch::kDouble) - bins.low) / bins.width * static_cast<double>(bins.side))
          .floor()
          .to(torch::kLong);  // [n, d]
  const auto inside = ((cell >= 0) & (cell < bins.side)).all(1);
  const auto index = bins.dims() == 1
                         ? cell.select(1, 0)
                         : (bins.side - 1 - cell.select(1, 1)) * bins.side + cell.select(1, 0);
  const auto outside = static_cast<int64_t>(std::llround(std::pow(bins.side, bins.dims())));
  return torch::where(inside, index, torch::full_like(index, outside));
}

}  // namespace

torch::Tensor Bins::middles() const {
  const auto along =
      (torch::arange(side, torch::kDouble) + 0.5) / static_cast<double>(side) * width;
  if (dims() == 1) return (low + along).unsqueeze(1);
  return torch::stack(
      {(low[0] + along).repeat({side}), (low[1] + along).flip(0).repeat_interleave(side)}, 1);
}

torch::Tensor Bins::shares(const torch::Tensor& points) const {
  FIGMENT_CHECK(points.dim() == 2 && points.size(1) == dims() && points.size(0) > 0);
  const auto all = static_cast<int64_t>(std::llround(std::pow(side, dims()))) + 1;
  const auto count = torch::bincount(bin_of(*this, points), {}, all).to(torch::kDouble);
  return count / static_cast<double>(points.size(0));
}

torch::Tensor Bins::integrals(
    const std::function<torch::Tensor(const torch::Tensor&)>& log_density) const {
  Bins finer = *this;
  finer.side = side * kPlaces;
  auto density = log_density(finer.middles()).to(torch::kDouble).exp();
  const double volume = std::pow(width / static_cast<double>(finer.side), dims());
  density = dims() == 1 ? density.view({side, kPlaces}).sum(1)
                        : density.view({side, kPlaces, side, kPlaces}).sum({1, 3}).flatten();
  const auto inside = density * volume;
  return torch::cat({inside, (1 - inside.sum()).clamp_min(0).unsqueeze(0)});
}

Bins bins_about(const torch::Tensor& points, int64_t side) {
  FIGMENT_CHECK(points.dim() == 2 && points.size(0) > 1 && side > 0);
  const auto at = points.to(torch::kDouble);
  const auto low = std::get<0>(at.min(0)), high = std::get<0>(at.max(0));
  const double width = (1 + 2 * kMargin) * (high - low).max().item<double>();
  return {(low + high) / 2 - width / 2, width, side};
}

double jensen_shannon(const torch::Tensor& p, const torch::Tensor& q) {
  FIGMENT_CHECK(p.sizes() == q.sizes() && p.dim() == 1);
  const auto half = (p + q) / 2;
  const auto to_half = [&](const torch::Tensor& of) {
    return (torch::xlogy(of, of) - torch::xlogy(of, half)).sum().item<double>();
  };
  return 0.5 * (to_half(p) + to_half(q));
}

}  // namespace figment
