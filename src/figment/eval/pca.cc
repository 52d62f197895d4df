#include "figment/eval/pca.h"

#include "figment/core/error.h"

namespace figment {

torch::Tensor Pca::encode(const torch::Tensor& x) const { return (x - mean).mm(axes); }
torch::Tensor Pca::decode(const torch::Tensor& code) const {
  return torch::addmm(mean, code, axes.t());
}

Pca fit_pca(const torch::Tensor& x, int64_t k) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(x.dim() == 2 && x.size(0) >= 2 && k >= 1 && k <= x.size(1));
  const ScatterMoments moments(x.size(1));
  // Products in float, sums in double: exact enough, and no copy of the whole set.
  for (const auto& part : x.split(8192)) moments.add(part);
  const auto found = principal_axes(moments, k);
  Pca out;
  out.mean = moments.mean.to(torch::kFloat);
  out.axes = found.axes.t().to(torch::kFloat).contiguous();
  out.variance = found.variance.narrow(0, 0, k);
  out.total = found.variance.sum().item<double>();
  return out;
}

double pca_sse(const torch::Tensor& training, const torch::Tensor& test, int64_t k) {
  torch::NoGradGuard no_grad;
  const auto pca = fit_pca(training, k);
  double sum = 0;
  for (const auto& part : test.split(8192))
    sum += (part - pca.decode(pca.encode(part))).square().sum(torch::kDouble).item<double>();
  return sum / static_cast<double>(test.size(0));
}

}  // namespace figment
