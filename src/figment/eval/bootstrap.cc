#include "figment/eval/bootstrap.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/random.h"

namespace figment {
namespace {

constexpr int64_t kDraws = 1000;
constexpr int64_t kDrawsAtATime = 32;
constexpr std::uint64_t kSeed = 1979;

}  // namespace

torch::Tensor drawn_rows(int64_t n, std::uint64_t seed, std::uint64_t draw) {
  auto out = torch::empty({n}, torch::kLong);
  auto* row = out.data_ptr<int64_t>();
  Philox random(seed, draw);
  for (int64_t i = 0; i < n; ++i)
    row[i] = static_cast<int64_t>(random.below(static_cast<std::uint64_t>(n)));
  return out;
}

torch::Tensor resampled_means(const torch::Tensor& rows, int64_t draws, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  const auto n = rows.size(0);
  const auto values = rows.to(torch::kDouble);
  std::vector<torch::Tensor> means;
  for (int64_t first = 0; first < draws; first += kDrawsAtATime) {
    const auto m = std::min(kDrawsAtATime, draws - first);
    // How often each row is drawn, as weights: a product in place of copies of the rows.
    const auto counts = torch::zeros({m, n}, torch::kDouble);
    auto* count = counts.data_ptr<double>();
    for (int64_t i = 0; i < m; ++i, count += n) {
      Philox random(seed, static_cast<std::uint64_t>(first + i));
      for (int64_t k = 0; k < n; ++k) count[random.below(static_cast<std::uint64_t>(n))] += 1;
    }
    means.push_back(counts.mm(values).div_(n));
  }
  return torch::cat(means);
}

Interval percentile_interval(const torch::Tensor& values) {
  const auto ends =
      torch::quantile(values.to(torch::kDouble), torch::tensor({0.025, 0.975}, torch::kDouble));
  return {ends[0].item<double>(), ends[1].item<double>()};
}

Interval normal_interval(double value, const torch::Tensor& values) {
  FIGMENT_CHECK(values.numel() >= 2);
  const auto half = 1.96 * values.to(torch::kDouble).std().item<double>();
  return {value - half, value + half};
}

Interval mean_interval(const torch::Tensor& values) {
  return percentile_interval(resampled_means(values.view({-1, 1}), kDraws, kSeed).flatten());
}

}  // namespace figment
