#include "figment/apply/copies.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/eval/ranking.h"

namespace figment {
namespace {

// Nearest over next distance [n, 2 or more] -> [n]; 1 where both are 0: twins are no singular copy.
torch::Tensor ratio_of(const torch::Tensor& distance) {
  const auto first = distance.select(1, 0), next = distance.select(1, 1);
  return torch::where(next > 0, first / next.clamp_min(1e-30), torch::ones_like(first));
}

double share_below(const torch::Tensor& values, double threshold) {
  return (values < threshold).to(torch::kDouble).mean().item<double>();
}

}  // namespace

Nearness judge_nearness(const torch::Tensor& references, const torch::Tensor& queries,
                        const torch::Tensor& held_out, int64_t k, const torch::Tensor& own) {
  const int64_t itself = own.defined() ? 1 : 0;
  FIGMENT_CHECK(references.size(0) >= 2 + itself && held_out.size(0) >= 2 && k >= 1);
  const auto wanted = std::min(std::max<int64_t>(k, 2), references.size(0) - itself);
  Nearness out;
  out.neighbours = nearest(references, queries, wanted + itself);
  if (own.defined()) out.neighbours = others_of(out.neighbours, own);
  const auto real = nearest(references, held_out, 2).distance.to(torch::kDouble);
  const auto distance = out.neighbours.distance.to(torch::kDouble);
  const auto half = torch::arange(held_out.size(0), torch::kLong).remainder(2);
  const auto of_half = [&](const torch::Tensor& values, int64_t which) {
    return values.index_select(0, (half == which).nonzero().flatten());
  };
  const auto judge = [&](const torch::Tensor& of_queries, const torch::Tensor& of_real,
                         double& share, double& held_out_share) {
    const auto threshold = quantile_of(of_half(of_real, 0), kNearShare);
    share = share_below(of_queries, threshold);
    held_out_share = share_below(of_half(of_real, 1), threshold);
  };
  auto& judged = out.judgement;
  judge(distance.select(1, 0), real.select(1, 0), judged.nearer, judged.held_out_nearer);
  judge(ratio_of(distance), ratio_of(real), judged.singular, judged.held_out_singular);
  judged.median = distance.select(1, 0).median().item<double>();
  judged.held_out_median = real.select(1, 0).median().item<double>();
  const auto sorted = std::get<0>(real.select(1, 0).contiguous().sort());
  out.rank = torch::searchsorted(sorted, distance.select(1, 0).contiguous()).to(torch::kDouble) /
             static_cast<double>(held_out.size(0));
  out.neighbours.index = out.neighbours.index.narrow(1, 0, std::min(k, wanted));
  out.neighbours.distance = out.neighbours.distance.narrow(1, 0, std::min(k, wanted));
  return out;
}

}  // namespace figment
