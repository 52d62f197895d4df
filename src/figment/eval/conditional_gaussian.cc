#include "figment/eval/conditional_gaussian.h"

#include "figment/core/error.h"
#include "figment/eval/anomaly_scores.h"

namespace figment {

ConditionalGaussian::ConditionalGaussian(const torch::Tensor& training,
                                         const torch::Tensor& known) {
  const torch::NoGradGuard no_grad;
  const auto points = training.to(torch::kCPU).flatten(1);
  const auto is_known = known.to(torch::kCPU).flatten() > 0.5;
  FIGMENT_CHECK(points.size(1) == is_known.size(0) && points.size(1) <= kWidestGaussian);
  known_ = is_known.nonzero().flatten();
  hidden_ = is_known.logical_not().nonzero().flatten();
  FIGMENT_CHECK(known_.numel() > 0 && hidden_.numel() > 0);
  const auto fitted = fit_ellipsoid(points);
  mean_ = fitted.mean;
  const auto rows = fitted.covariance.index_select(0, known_);
  slope_ = torch::linalg_solve(rows.index_select(1, known_), rows.index_select(1, hidden_));
}

torch::Tensor ConditionalGaussian::complete(const torch::Tensor& x) const {
  const torch::NoGradGuard no_grad;
  const auto off = x.to(torch::kCPU, torch::kDouble).flatten(1) - mean_;
  FIGMENT_CHECK(off.size(1) == mean_.size(0));
  auto out = off.clone();
  out.index_copy_(1, hidden_, off.index_select(1, known_).mm(slope_));
  return (out + mean_).view(x.sizes()).to(torch::kFloat);
}

}  // namespace figment
