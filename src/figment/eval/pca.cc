#include "figment/eval/pca.h"

#include <algorithm>
#include <vector>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kRows = 8192, kNumbersAtOnce = 1 << 23;

}  // namespace

Numbers numbers_of(const Scaling& scaling) {
  return [&](const torch::Tensor& rows) { return scaling.to_model(rows).flatten(1); };
}

torch::Tensor Pca::encode(const torch::Tensor& x) const { return (x - mean).mm(axes); }
torch::Tensor Pca::encode(const torch::Tensor& rows, const Numbers& numbers) const {
  std::vector<torch::Tensor> codes;
  for_rows(rows, numbers, [&](const torch::Tensor& part) { codes.push_back(encode(part)); });
  return torch::cat(codes);
}
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

double sse_of_answers(const torch::Tensor& x, const Numbers& numbers, const Numbers& answer,
                      const torch::Tensor& real) {
  torch::NoGradGuard no_grad;
  double sum = 0;
  int64_t first = 0;
  for_rows(x, numbers, [&](const torch::Tensor& part) {
    auto error = (part - answer(part)).square();
    if (real.defined()) error = error * real.narrow(0, first, part.size(0));
    sum += error.sum(torch::kDouble).item<double>();
    first += part.size(0);
  });
  return sum / static_cast<double>(x.size(0));
}

double pca_sse(const torch::Tensor& training, const torch::Tensor& test, int64_t k,
               const Numbers& numbers, const torch::Tensor& real) {
  torch::NoGradGuard no_grad;
  const auto pca = fit_pca(training, k, numbers);
  return sse_of_answers(
      test, numbers, [&](const torch::Tensor& part) { return pca.decode(pca.encode(part)); }, real);
}

torch::Tensor explained_variance(const torch::Tensor& rows, const torch::Tensor& mean,
                                 const torch::Tensor& axes, const Numbers& numbers) {
  torch::NoGradGuard no_grad;
  auto along = torch::zeros({axes.size(0)}, torch::kDouble);
  double total = 0;
  for_rows(rows, numbers, [&](const torch::Tensor& part) {
    const auto squares = (part - mean).square().sum(torch::kDouble).item<double>();
    along += squares * explained_variance(part, mean, axes);
    total += squares;
  });
  return total > 0 ? along / total : along;
}

}  // namespace figment
