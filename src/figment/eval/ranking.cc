#include "figment/eval/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "figment/core/error.h"

namespace figment {
namespace {

// Examples of one score, from the highest score down.
struct Step {
  double positives, negatives;
};

struct Ranked {
  std::vector<Step> steps;
  double positives = 0, negatives = 0;
};

Ranked ranked(const torch::Tensor& scores, const torch::Tensor& positive) {
  FIGMENT_CHECK(scores.dim() == 1 && positive.dim() == 1 && scores.size(0) == positive.size(0));
  const auto values = scores.to(torch::kCPU, torch::kDouble);
  FIGMENT_CHECK(!values.isnan().any().item<bool>());
  const auto order = values.argsort(0, /*descending=*/true);
  const auto sorted = values.index_select(0, order).contiguous();
  const auto is_positive =
      positive.to(torch::kCPU, torch::kBool).index_select(0, order).contiguous();
  const auto* score = sorted.data_ptr<double>();
  const auto* flag = is_positive.data_ptr<bool>();
  Ranked out;
  for (int64_t i = 0; i < sorted.size(0); ++i) {
    if (i == 0 || score[i] != score[i - 1]) out.steps.push_back({0, 0});
    (flag[i] ? out.steps.back().positives : out.steps.back().negatives) += 1;
    (flag[i] ? out.positives : out.negatives) += 1;
  }
  return out;
}

}  // namespace

double auroc(const torch::Tensor& scores, const torch::Tensor& positive) {
  const auto all = ranked(scores, positive);
  if (all.positives == 0 || all.negatives == 0) return std::numeric_limits<double>::quiet_NaN();
  // Pairs in the right order, those of one score by half: the same as by average ranks.
  double above = 0, pairs = 0;
  for (const auto& step : all.steps) {
    pairs += step.negatives * (above + step.positives / 2);
    above += step.positives;
  }
  return pairs / (all.positives * all.negatives);
}

double average_precision(const torch::Tensor& scores, const torch::Tensor& positive) {
  const auto all = ranked(scores, positive);
  if (all.positives == 0) return std::numeric_limits<double>::quiet_NaN();
  double found = 0, seen = 0, area = 0;
  for (const auto& step : all.steps) {
    found += step.positives;
    seen += step.positives + step.negatives;
    area += step.positives / all.positives * (found / seen);
  }
  return area;
}

RocCurve roc_curve(const torch::Tensor& scores, const torch::Tensor& positive) {
  const auto all = ranked(scores, positive);
  RocCurve out{{0}, {0}};
  double found = 0, wrong = 0;
  for (const auto& step : all.steps) {
    found += step.positives;
    wrong += step.negatives;
    out.true_positive.push_back(found / std::max(1.0, all.positives));
    out.false_positive.push_back(wrong / std::max(1.0, all.negatives));
  }
  return out;
}

Flagging flag_above(const torch::Tensor& scores, const torch::Tensor& positive, double threshold) {
  const auto flagged = scores.to(torch::kCPU, torch::kDouble) > threshold;
  const auto truth = positive.to(torch::kCPU, torch::kBool);
  const auto count = [](const torch::Tensor& which) {
    return static_cast<double>(which.sum().item<int64_t>());
  };
  const auto hits = count(flagged & truth), all = count(flagged), positives = count(truth);
  const auto negatives = static_cast<double>(truth.size(0)) - positives;
  Flagging out;
  out.flagged = static_cast<int64_t>(all);
  if (all > 0) out.precision = hits / all;
  if (positives > 0) out.recall = hits / positives;
  if (negatives > 0) out.false_positive_rate = (all - hits) / negatives;
  if (hits > 0) out.f1 = 2 * hits / (all + positives);
  return out;
}

double quantile_of(const torch::Tensor& values, double share) {
  FIGMENT_CHECK(values.numel() >= 1 && share >= 0 && share <= 1);
  const auto sorted = std::get<0>(values.to(torch::kCPU, torch::kDouble).flatten().sort());
  const auto* value = sorted.data_ptr<double>();
  const auto at = share * static_cast<double>(sorted.size(0) - 1);
  const auto below = static_cast<int64_t>(std::floor(at));
  const auto above = std::min(below + 1, sorted.size(0) - 1);
  if (value[below] == value[above]) return value[below];  // also where both are infinite
  return value[below] + (at - static_cast<double>(below)) * (value[above] - value[below]);
}

}  // namespace figment
