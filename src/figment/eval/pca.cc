#include "figment/eval/pca.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kRows = 8192, kNumbersAtOnce = 1 << 23;

}  // namespace

torch::Tensor Pca::encode(const torch::Tensor& x) const { return (x - mean).mm(axes); }
torch::Tensor Pca::decode(const torch::Tensor& code) const {
  return torch::addmm(mean, code, axes.t());
}

void for_rows(const torch::Tensor& x, const Numbers& numbers,
              const std::function<void(const torch::Tensor&)>& use) {
  const auto elements = x.numel() / std::max<int64_t>(1, x.size(0));
  const auto rows = std::clamp(kNumbersAtOnce / std::max<int64_t>(1, elements), int64_t{1}, kRows);
  for (const auto& part : x.split(rows)) use(numbers ? numbers(part) : part);
}

Pca fit_pca(const torch::Tensor& x, int64_t k, const Numbers& numbers) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(x.size(0) >= 2 && k >= 1);
  const auto d = numbers ? numbers(x.narrow(0, 0, 1)).size(1) : x.size(1);
  FIGMENT_CHECK(k <= d);
  const ScatterMoments moments(d);
  // Products in float, sums in double: exact enough, and no copy of the whole set.
  for_rows(x, numbers, [&](const torch::Tensor& part) { moments.add(part); });
  const auto found = principal_axes(moments, k);
  Pca out;
  out.mean = moments.mean.to(torch::kFloat);
  out.axes = found.axes.t().to(torch::kFloat).contiguous();
  out.variance = found.variance.narrow(0, 0, k);
  out.total = found.variance.sum().item<double>();
  return out;
}

double pca_sse(const torch::Tensor& training, const torch::Tensor& test, int64_t k,
               const Numbers& numbers) {
  torch::NoGradGuard no_grad;
  const auto pca = fit_pca(training, k, numbers);
  double sum = 0;
  for_rows(test, numbers, [&](const torch::Tensor& part) {
    sum += (part - pca.decode(pca.encode(part))).square().sum(torch::kDouble).item<double>();
  });
  return sum / static_cast<double>(test.size(0));
}

}  // namespace figment
