#include "figment/eval/frechet.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kPiece = 8192;
constexpr std::uint64_t kSeed = 2017;

ScatterMoments moments_of(const torch::Tensor& features) {
  const ScatterMoments moments(features.size(1));
  for (const auto& part : features.split(kPiece)) moments.add(part.to(torch::kDouble));
  return moments;
}

// Of the rows `index` [m], of which only a few are ever gathered.
ScatterMoments moments_of(const torch::Tensor& features, const torch::Tensor& index) {
  const ScatterMoments moments(features.size(1));
  for (const auto& rows : index.split(kPiece))
    moments.add(features.index_select(0, rows).to(torch::kFloat));
  return moments;
}

torch::Tensor covariance(const ScatterMoments& moments) {
  return moments.scatter / static_cast<double>(moments.count.item<int64_t>() - 1);
}

}  // namespace

double frechet_distance(const ScatterMoments& a, const ScatterMoments& b) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(a.count.item<int64_t>() >= 2 && b.count.item<int64_t>() >= 2);
  const auto first = covariance(a), second = covariance(b);
  const auto [values, axes] = torch::linalg_eigh(first);
  const auto root = (axes * values.clamp_min(0).sqrt()).mm(axes.t());  // A^1/2
  auto inner = root.mm(second).mm(root);
  inner = (inner + inner.t()) / 2;  // what rounding left of the symmetry
  const auto [squares, unused] = torch::linalg_eigh(inner);
  const auto apart = (a.mean - b.mean).square().sum().item<double>();
  const auto traces = (first.trace() + second.trace()).item<double>();
  return std::max(0.0, apart + traces - 2 * squares.clamp_min(0).sqrt().sum().item<double>());
}

double frechet_distance(const torch::Tensor& a, const torch::Tensor& b) {
  return frechet_distance(moments_of(a), moments_of(b));
}

Interval frechet_interval(double value, const torch::Tensor& a, const torch::Tensor& b) {
  const auto draws = std::clamp<int64_t>(25600 / a.size(1), 10, 100);
  std::vector<double> values;
  for (int64_t draw = 0; draw < draws; ++draw) {
    const auto again = [&](const torch::Tensor& set, std::uint64_t which) {
      const auto rows =
          drawn_rows(set.size(0), kSeed, 2 * static_cast<std::uint64_t>(draw) + which);
      return moments_of(set, rows);
    };
    values.push_back(frechet_distance(again(a, 0), again(b, 1)));
  }
  auto ends = normal_interval(value, torch::tensor(values, torch::kDouble));
  ends.first = std::max(0.0, ends.first);
  return ends;
}

}  // namespace figment
