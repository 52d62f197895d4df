#include "figment/eval/class_quality.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kDraws = 1000;
constexpr std::uint64_t kSeed = 2016;
constexpr double kLeastShare = 0.1;  // of the expected share, to count as found

// The columns whose means make the score: p(class | x), and the sum of p log p.
torch::Tensor score_columns(const torch::Tensor& log_p) {
  const auto l = log_p.to(torch::kDouble);
  const auto p = l.exp();
  // 0 log 0 is 0, also where log p is -inf.
  const auto terms = torch::where(p > 0, p * l, torch::zeros_like(p));
  return torch::cat({p, terms.sum(1, true)}, 1);
}

// [draws, classes + 1] means of these columns -> [draws] scores.
torch::Tensor scores_of(const torch::Tensor& means) {
  const auto classes = means.size(1) - 1;
  const auto p = means.narrow(1, 0, classes);
  const auto marginal = torch::where(p > 0, p * p.log(), torch::zeros_like(p)).sum(1);
  return (means.select(1, classes) - marginal).exp();
}

torch::Tensor likeliest_rows(const torch::Tensor& log_p) {
  return torch::zeros(log_p.sizes(), torch::kDouble).scatter_(1, log_p.argmax(1, true), 1.0);
}

torch::Tensor found_in(const torch::Tensor& shares, const torch::Tensor& expected) {
  return ((shares >= kLeastShare * expected) & (expected > 0)).sum(-1).to(torch::kDouble);
}
torch::Tensor variation_of(const torch::Tensor& shares, const torch::Tensor& expected) {
  return (shares - expected).abs().sum(-1) / 2;
}

}  // namespace

double inception_score(const torch::Tensor& log_p) {
  torch::NoGradGuard no_grad;
  return scores_of(score_columns(log_p).mean(0, true)).item<double>();
}

Interval inception_interval(const torch::Tensor& log_p) {
  torch::NoGradGuard no_grad;
  const auto scores = scores_of(resampled_means(score_columns(log_p), kDraws, kSeed));
  return normal_interval(inception_score(log_p), scores);
}

torch::Tensor class_shares(const torch::Tensor& log_p) {
  torch::NoGradGuard no_grad;
  return likeliest_rows(log_p).mean(0);
}

ClassBalance class_balance(const torch::Tensor& log_p, const torch::Tensor& expected) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(log_p.dim() == 2 && expected.dim() == 1 && log_p.size(1) == expected.size(0));
  const auto rows = likeliest_rows(log_p);
  const auto shares = rows.mean(0);
  const auto drawn = resampled_means(rows, kDraws, kSeed);
  ClassBalance out;
  out.present = (expected > 0).sum().item<int64_t>();
  out.found = found_in(shares, expected).item<double>();
  out.total_variation = variation_of(shares, expected).item<double>();
  out.found_interval = percentile_interval(found_in(drawn, expected));
  // As in a distance between distributions, resampling adds to it: its spread, about the value.
  out.total_variation_interval =
      normal_interval(out.total_variation, variation_of(drawn, expected));
  out.total_variation_interval.first = std::max(0.0, out.total_variation_interval.first);
  return out;
}

}  // namespace figment
