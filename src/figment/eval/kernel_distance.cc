#include "figment/eval/kernel_distance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "figment/core/error.h"
#include "figment/core/random.h"

namespace figment {
namespace {

constexpr int64_t kLargest = 1000;  // examples of each set in a subset
constexpr int64_t kBlocks = 10;     // subsets of a shuffle that the interval needs
constexpr int64_t kSubsets = 100;
constexpr std::uint64_t kSeed = 2018;

torch::Tensor kernel(const torch::Tensor& x, const torch::Tensor& y) {
  return (x.mm(y.t()) / static_cast<double>(x.size(1)) + 1).pow_(3);
}

// Mean over pairs of different examples.
double mean_of_pairs(const torch::Tensor& x) {
  const auto k = kernel(x, x);
  const auto n = static_cast<double>(x.size(0));
  return (k.sum() - k.trace()).item<double>() / (n * (n - 1));
}

// A shuffle's subset number `block`.
torch::Tensor subset_of(const torch::Tensor& set, const std::vector<int64_t>& order, int64_t block,
                        int64_t size) {
  const auto begin = order.begin() + block * size;
  return set.index_select(0,
                          torch::tensor(std::vector<int64_t>(begin, begin + size), torch::kLong));
}

}  // namespace

double squared_discrepancy(const torch::Tensor& x, const torch::Tensor& y) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(x.size(0) >= 2 && y.size(0) >= 2 && x.size(1) == y.size(1));
  const auto a = x.to(torch::kDouble), b = y.to(torch::kDouble);
  return mean_of_pairs(a) + mean_of_pairs(b) - 2 * kernel(a, b).mean().item<double>();
}

Interval block_interval(double value, const std::vector<std::vector<double>>& shuffles) {
  FIGMENT_CHECK(!shuffles.empty());
  double variance = 0;  // of the mean of one shuffle, mean over the shuffles
  for (const auto& blocks : shuffles) {
    const auto n = static_cast<double>(blocks.size());
    FIGMENT_CHECK(n >= 2);
    const auto mean = std::accumulate(blocks.begin(), blocks.end(), 0.0) / n;
    double squares = 0;
    for (const auto block : blocks) squares += (block - mean) * (block - mean);
    variance += squares / (n - 1) / n / static_cast<double>(shuffles.size());
  }
  const auto half = 1.96 * std::sqrt(variance);
  return {value - half, value + half};
}

KernelDistance kernel_distance(const torch::Tensor& x, const torch::Tensor& y) {
  const auto least = std::min(x.size(0), y.size(0));
  FIGMENT_CHECK(least >= 4);
  KernelDistance out;
  out.subset = std::clamp<int64_t>(least / kBlocks, 2, kLargest);
  const auto blocks = least / out.subset;
  const auto shuffles = std::max<int64_t>(1, kSubsets / blocks);
  out.subsets = blocks * shuffles;
  std::vector<std::vector<double>> values;
  double sum = 0;
  for (int64_t s = 0; s < shuffles; ++s) {
    const auto order_x = permutation(x.size(0), mix(kSeed, 0), static_cast<std::uint64_t>(s));
    const auto order_y = permutation(y.size(0), mix(kSeed, 1), static_cast<std::uint64_t>(s));
    values.emplace_back();
    for (int64_t block = 0; block < blocks; ++block) {
      values.back().push_back(squared_discrepancy(subset_of(x, order_x, block, out.subset),
                                                  subset_of(y, order_y, block, out.subset)));
      sum += values.back().back();
    }
  }
  out.value = sum / static_cast<double>(out.subsets);
  out.interval = block_interval(out.value, values);
  return out;
}

}  // namespace figment
