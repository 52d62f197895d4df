// How near a linear projection is to PCA: the largest principal angle between its subspace and that
// of the principal components of the training part (Bjorck & Golub 1973), and the share of the
// variance that it explains.
#include "figment/eval/metric.h"
#include "figment/eval/pca.h"

namespace figment::metrics {
namespace {

constexpr double kDegrees = 180 / 3.14159265358979323846;

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Projects*>(&request.model);
  if (able == nullptr) metric_lacks(request, "subspace", "projects");
  request.model.eval();
  const auto axes = able->axes().to(torch::kCPU), mean = able->mean().to(torch::kCPU);
  const auto k = axes.size(0);
  const auto numbers = numbers_of(request.scaling);
  Measured out;
  const auto shares = explained_variance(request.set.x, mean, axes, numbers);
  out.metrics = {{"explained_variance", shares.sum().item<double>()}};
  for (int64_t i = 0; i < k; ++i)
    out.metrics.emplace_back("explained_variance_" + std::to_string(i + 1),
                             shares[i].item<double>());
  // The exact components, where there can be any.
  if (axes.size(1) > kWidestPca || request.training.size() < 2) return out;
  const auto pca = fit_pca(request.training.x, k, numbers);
  const auto exact = pca.axes.t().contiguous();
  out.metrics.emplace(out.metrics.begin(), "largest_angle_degrees",
                      kDegrees * principal_angles(axes, exact)[0].item<double>());
  out.baselines = {
      {"pca_" + std::to_string(k) + "_explained_variance",
       explained_variance(request.set.x, pca.mean, exact, numbers).sum().item<double>()}};
  return out;
}

}  // namespace

extern const Metric subspace;
const Metric subspace = {"subspace", "angle to the exact principal components, variance explained",
                         &measure};

}  // namespace figment::metrics
