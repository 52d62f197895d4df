#include "figment/eval/memorisation.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "figment/core/error.h"
#include "figment/eval/nearest.h"

namespace figment {
namespace {

constexpr int64_t kMostRows = 8192, kNumbersHeld = int64_t{1} << 23;

// [n, k] float32, rising: the distances of n queries to the nearest training examples, each but its
// own.
torch::Tensor nearest_distances(const HeldRows& training, const torch::Tensor& queries,
                                const torch::Tensor& own, int64_t k) {
  torch::Tensor best;
  for (int64_t first = 0; first < training.size(); first += training.at_once()) {
    const auto m = std::min(training.at_once(), training.size() - first);
    // One more, since one of them may be the query itself.
    const auto wanted = std::min(m, own.defined() ? k + 1 : k);
    const auto found = nearest(training.some(first, m), queries, wanted);
    auto distance = found.distance;
    if (own.defined())
      distance = distance.masked_fill(found.index + first == own.unsqueeze(1),
                                      std::numeric_limits<float>::infinity());
    if (best.defined()) distance = torch::cat({best, distance}, 1);
    best = std::get<0>(distance.sort(1)).narrow(1, 0, std::min(k, distance.size(1)));
  }
  return best;
}

}  // namespace

int64_t HeldRows::at_once() const {
  const auto elements = x.numel() / std::max<int64_t>(1, x.size(0));
  return std::clamp<int64_t>(kNumbersHeld / std::max<int64_t>(1, elements), 1, kMostRows);
}

torch::Tensor HeldRows::some(int64_t first, int64_t count) const {
  const auto rows = index.defined() ? x.index_select(0, index.narrow(0, first, count))
                                    : x.narrow(0, first, count);
  return numbers ? numbers(rows) : rows;
}

NearestTraining nearest_training(const HeldRows& training, const HeldRows& examples,
                                 const torch::Tensor& own) {
  torch::NoGradGuard no_grad;
  const auto most = training.size() - (own.defined() ? 1 : 0);
  FIGMENT_CHECK(most >= 2 && (!own.defined() || own.size(0) == examples.size()));
  const auto k = std::min(most, kMemorisationNeighbours + 1);
  std::vector<torch::Tensor> distance, ratio;
  for (int64_t first = 0; first < examples.size(); first += examples.at_once()) {
    const auto n = std::min(examples.at_once(), examples.size() - first);
    const auto own_here = own.defined() ? own.narrow(0, first, n) : own;
    const auto near = nearest_distances(training, examples.some(first, n), own_here, k);  // [n, k]
    distance.push_back(near.select(1, 0).contiguous());
    ratio.push_back(distance.back() / near.narrow(1, 1, k - 1).mean(1).clamp_min(1e-12));
  }
  return {torch::cat(distance), torch::cat(ratio)};
}

torch::Tensor copies(const NearestTraining& nearest) {
  return (nearest.ratio <= kCopyRatio).to(torch::kDouble);
}

}  // namespace figment
