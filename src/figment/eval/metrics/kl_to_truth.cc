// Kullback-Leibler divergence of a model's density from the true one, on sets whose density is
// known, by fresh points: the mean of log p(x) - log q(x) over x drawn from p.
#include <cmath>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/data/toy.h"
#include "figment/eval/marginal.h"
#include "figment/eval/metric.h"

namespace figment::metrics {
namespace {

constexpr int64_t kPoints = 100000;
constexpr std::uint64_t kFresh = 0x6b6c;  // no set is drawn with this seed

// Mean and standard error, in nats.
struct Divergence {
  double mean = 0, error = 0;
};
Divergence divergence(const torch::Tensor& log_truth, const torch::Tensor& log_model) {
  const auto gap = log_truth - log_model;  // [n] double
  return {gap.mean().item<double>(),
          gap.std().item<double>() / std::sqrt(static_cast<double>(gap.size(0)))};
}

// log N(x; mean and covariance of `training`) at x, all [.., 2] double.
torch::Tensor normal_log_density(const torch::Tensor& training, const torch::Tensor& x) {
  const auto mean = training.mean(0);
  const auto covariance = (training - mean).t().mm(training - mean) / training.size(0);
  const auto centred = x - mean;
  const auto distance = (centred.mm(covariance.inverse()) * centred).sum(1);
  return -0.5 * (distance + torch::logdet(covariance) +
                 static_cast<double>(x.size(1)) * std::log(2 * M_PI));
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  if (!has_marginal(request.model))
    metric_lacks(request, "kl_to_truth", "has a density of examples alone");
  const auto& source = request.data.source;
  if (!toy_has_density(source))
    fail(Cause::kConfig, "eval kl_to_truth",
         "expected a set whose density is known (8gaussians, checkerboard, 2gaussians), got '",
         source, "'; figment eval RUN nll judges densities on any set");
  const auto n = request.options.samples > 0 ? request.options.samples : kPoints;
  const auto points = toy_points(source, mix(kFresh, request.seed), 0, n);
  const auto log_truth = *toy_log_density(source, points.x.to(torch::kDouble));
  const auto log_model = marginal_log_density_of_data(request.model, request.scaling, points.x,
                                                      request.training.label, request.seed);
  const auto model = divergence(log_truth, log_model);
  const auto normal = divergence(
      log_truth,
      normal_log_density(request.training.x.to(torch::kDouble), points.x.to(torch::kDouble)));
  Measured out;
  out.metrics = {{"kl_to_truth", model.mean}, {"kl_to_truth_stderr", model.error}};
  out.intervals = {
      {"kl_to_truth", {model.mean - 1.96 * model.error, model.mean + 1.96 * model.error}}};
  out.baselines = {{"normal_kl_to_truth", normal.mean}};
  out.notes = {{"points", std::to_string(n) + " fresh ones"}};
  if (!has_exact_marginal(request.model))
    out.notes.emplace_back("density", "a lower bound, so that the divergence is an upper one");
  return out;
}

}  // namespace

extern const Metric kl_to_truth;
const Metric kl_to_truth = {"kl_to_truth", "divergence from a density that is known, in nats",
                            &measure};

}  // namespace figment::metrics
