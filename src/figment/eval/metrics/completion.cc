// How well one part of an image is completed from another: the conditional bound of a conditional
// VAE beside the cross-entropy of its plain net (Sohn, Lee & Yan 2015, section 5.1).
#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/eval/metric.h"
#include "figment/model/conditions.h"
#include "figment/nn/distributions.h"

namespace figment::metrics {
namespace {

constexpr int64_t kBatch = 500;
constexpr int64_t kParticles = 10;

struct Sums {
  double sum = 0, squares = 0;
  void add(const torch::Tensor& values) {
    const auto v = values.to(torch::kDouble);
    sum += v.sum().item<double>();
    squares += v.square().sum().item<double>();
  }
  void tell(Results& to, const std::string& name, double n) const {
    to.emplace_back(name, sum / n);
    if (n > 1)
      to.emplace_back(name + "_stderr",
                      std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1)) / n));
  }
};

// Cross-entropy of the hidden pixels under `logits`, [n].
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& x,
                            const torch::Tensor& hidden) {
  const auto each = torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::None);
  return (each * hidden).flatten(1).sum(1);
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* part = part_of(request.model);
  auto* posteriors = dynamic_cast<Posteriors*>(&request.model);
  if (part == nullptr && dynamic_cast<CompletesPart*>(&request.model) != nullptr)
    fail(Cause::kConfig, "eval completion",
         "expected a model that is given part of an example (model.condition = \"part\")");
  if (part == nullptr || posteriors == nullptr)
    metric_lacks(request, "completion", "completes one part of an example from another");
  request.model.eval();
  const auto particles = request.options.samples > 0 ? request.options.samples : kParticles;
  const auto hidden = 1 - part->known();
  // Each pixel by its mean over the training part.
  const auto mean = request.scaling.to_model(request.training.x)
                        .mean(0, true)
                        .clamp(1e-4, 1 - 1e-4)
                        .to(request.model.device());
  Loader loader(request.set, request.scaling, {kBatch, false, 0, request.model.device()});
  Sums bound, tighter, plain, constant;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    Noise noise(request.seed, i * kBatch, batch.size(), request.model.device());
    const auto weights = posteriors->log_weights(batch, noise, particles);  // [particles, n]
    bound.add(-weights.mean(0));
    tighter.add(-log_mean_exp(weights, 0));
    plain.add(cross_entropy(part->guess(batch), batch.x, hidden));
    constant.add(cross_entropy(mean.logit().expand_as(batch.x), batch.x, hidden));
  }
  const auto n = static_cast<double>(request.set.size());
  Measured out;
  bound.tell(out.metrics, "completion_bound", n);
  tighter.tell(out.metrics, "completion_importance_bound", n);
  out.notes = {{"particles", std::to_string(particles)},
               {"hidden", std::to_string(hidden.sum().item<int64_t>()) + " of " +
                              std::to_string(hidden.numel()) + " pixels"}};
  plain.tell(out.baselines, "plain_net", n);
  constant.tell(out.baselines, "mean_pixels", n);
  return out;
}

}  // namespace

extern const Metric completion;
const Metric completion = {
    "completion", "negative bound on log p(hidden part | seen part), beside a net without a code",
    &measure};

}  // namespace figment::metrics
