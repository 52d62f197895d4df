// Principal components by the eigenvectors of the scatter.
#include "figment/nn/principal_components.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {

ScatterMoments::ScatterMoments(int64_t d, bool with_scatter)
    : count(torch::zeros({}, torch::kLong)),
      mean(torch::zeros({d}, torch::kDouble)),
      scatter(with_scatter ? torch::zeros({d, d}, torch::kDouble) : torch::Tensor()) {}

void ScatterMoments::add(const torch::Tensor& x) const {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(x.dim() == 2 && x.size(1) == mean.size(0));
  if (x.size(0) == 0) return;
  const auto before = count.item<double>(), more = static_cast<double>(x.size(0));
  const auto piece_mean = x.mean(0, false, torch::kDouble);
  const auto apart = piece_mean - mean;
  if (scatter.defined()) {
    const auto centre = piece_mean.to(x.scalar_type());
    const auto centred = x - centre;
    scatter.add_(centred.t().mm(centred));
    // What rounding the centre left of the mean: nothing, when x is double.
    const auto left = piece_mean - centre;
    scatter.add_(torch::outer(left, left), -more);
    scatter.add_(torch::outer(apart, apart), before * more / (before + more));  // 2.1
  }
  mean.add_(apart, more / (before + more));
  count.add_(x.size(0));
}

torch::Tensor with_positive_peaks(const torch::Tensor& axes) {
  const auto peak = axes.gather(1, axes.abs().argmax(1, true));  // [k, 1]
  return torch::where(peak < 0, -axes, axes);
}

PrincipalAxes principal_axes(const ScatterMoments& moments, int64_t k) {
  torch::NoGradGuard no_grad;
  const auto d = moments.mean.size(0);
  FIGMENT_CHECK(k >= 1 && k <= d && moments.scatter.defined());
  const auto scatter = moments.scatter.to(torch::kCPU);
  const auto [values, vectors] = torch::linalg_eigh(scatter);  // ascending, in columns
  const auto n = std::max<int64_t>(2, moments.count.item<int64_t>());
  return {with_positive_peaks(vectors.narrow(1, d - k, k).flip(1).t().contiguous()),
          values.flip(0).clamp_min(0) / static_cast<double>(n - 1)};
}

torch::Tensor explained_variance(const torch::Tensor& x, const torch::Tensor& mean,
                                 const torch::Tensor& axes) {
  torch::NoGradGuard no_grad;
  auto along = torch::zeros({axes.size(0)}, torch::kDouble);
  double total = 0;
  for (const auto& part : x.split(8192)) {
    const auto centred = part - mean;
    along += centred.mm(axes.t()).square().sum(0, false, torch::kDouble);
    total += centred.square().sum(torch::kDouble).item<double>();
  }
  return total > 0 ? along / total : along;
}

torch::Tensor principal_angles(const torch::Tensor& a, const torch::Tensor& b) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(a.dim() == 2 && b.dim() == 2 && a.size(1) == b.size(1));
  const auto basis = [](const torch::Tensor& rows) {
    return std::get<0>(torch::linalg_qr(rows.to(torch::kCPU, torch::kDouble).t()));  // [d, k]
  };
  auto p = basis(a), q = basis(b);
  if (p.size(1) < q.size(1)) std::swap(p, q);
  const auto product = p.t().mm(q);                                         // [k, l], l <= k
  const auto cosines = torch::linalg_svdvals(product).clamp(0, 1);          // falling
  const auto sines = torch::linalg_svdvals(q - p.mm(product)).clamp(0, 1);  // falling
  // The largest cosine belongs to the smallest sine.
  const auto by_cosine = cosines.acos().flip(0), by_sine = sines.asin();
  return torch::where(by_cosine < 0.7853981633974483, by_sine, by_cosine);
}

}  // namespace figment
