#include "figment/eval/nearest.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {
namespace {

// Of distances at a time, and of the numbers of those that remain of them.
constexpr int64_t kPieceBytes = int64_t{1} << 27;

}  // namespace

Neighbours nearest(const torch::Tensor& references, const torch::Tensor& queries, int64_t k,
                   bool exclude_self) {
  torch::NoGradGuard no_grad;
  const auto n = references.size(0);
  FIGMENT_CHECK(k >= 1 && k + (exclude_self ? 1 : 0) <= n);
  FIGMENT_CHECK(references.size(1) == queries.size(1));
  // |q - r|^2 = |q|^2 - 2 q.r + |r|^2 cancels where all lie far from zero: centred it does least.
  const auto centre = references.mean(0, true);
  const auto r = references - centre;
  const auto r_squares = r.square().sum(1);
  const auto piece = std::max<int64_t>(1, kPieceBytes / (4 * std::max(n, k * r.size(1))));
  std::vector<torch::Tensor> indices, distances;
  for (int64_t first = 0; first < queries.size(0); first += piece) {
    const auto m = std::min(piece, queries.size(0) - first);
    const auto q = queries.narrow(0, first, m) - centre;
    auto squares = torch::addmm(r_squares.unsqueeze(0), q, r.t(), 1, -2);  // less |q|^2
    if (exclude_self) squares.diagonal(first).fill_(std::numeric_limits<float>::infinity());
    auto index = std::get<1>(squares.topk(k, 1, /*largest=*/false));
    // The few that remain are measured again without the cancellation, and put in that order.
    const auto candidates = r.index_select(0, index.flatten()).view({m, k, r.size(1)});
    const auto exact = (candidates - q.unsqueeze(1)).square().sum(2).sqrt();
    const auto [sorted, order] = exact.sort(/*stable=*/true, 1, /*descending=*/false);
    indices.push_back(index.gather(1, order));
    distances.push_back(sorted);
  }
  return {torch::cat(indices), torch::cat(distances)};
}

Neighbours others_of(const Neighbours& found, const torch::Tensor& own) {
  auto kept = found.index != own.unsqueeze(1);
  kept.select(1, -1).logical_and_(kept.all(1).logical_not());
  const auto pick = [&](const torch::Tensor& all) {
    return all.masked_select(kept).view({all.size(0), all.size(1) - 1});
  };
  return {pick(found.index), pick(found.distance)};
}

double knn_accuracy(const torch::Tensor& references, const torch::Tensor& reference_labels,
                    const torch::Tensor& queries, const torch::Tensor& labels, int64_t k,
                    bool exclude_self) {
  k = std::min(k, references.size(0) - (exclude_self ? 1 : 0));
  const auto found = nearest(references, queries, k, exclude_self);
  const auto votes = reference_labels.index_select(0, found.index.flatten())
                         .view({queries.size(0), k})
                         .contiguous();
  const auto* vote = votes.data_ptr<int64_t>();
  const auto truth = labels.contiguous();
  const auto* wanted = truth.data_ptr<int64_t>();
  int64_t right = 0;
  for (int64_t i = 0; i < queries.size(0); ++i, vote += k) {
    int64_t best = vote[0], most = 0;
    for (int64_t j = 0; j < k; ++j) {
      const auto count = std::count(vote, vote + k, vote[j]);
      if (count > most) best = vote[j], most = count;
    }
    right += best == wanted[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(queries.size(0));
}

}  // namespace figment
