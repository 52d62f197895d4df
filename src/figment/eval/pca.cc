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
  Pca out;
  out.mean = x.mean(0, false, torch::kDouble).to(torch::kFloat);
  // The covariance by pieces in float, summed in double: exact enough, and no copy of the whole
  // set.
  auto covariance = torch::zeros({x.size(1), x.size(1)}, torch::kDouble);
  for (const auto& part : x.split(8192)) {
    const auto centred = part - out.mean;
    covariance += centred.t().mm(centred).to(torch::kDouble);
  }
  covariance /= static_cast<double>(x.size(0) - 1);
  const auto [values, vectors] = torch::linalg_eigh(covariance);  // ascending
  out.axes = vectors.narrow(1, vectors.size(1) - k, k).flip(1).to(torch::kFloat).contiguous();
  out.variance = values.narrow(0, values.size(0) - k, k).flip(0).clamp_min(0);
  out.total = values.clamp_min(0).sum().item<double>();
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
