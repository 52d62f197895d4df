// Jensen-Shannon divergence of a model's samples from the true density, on sets whose density is
// known: what the game of a generative adversarial network comes to at the best discriminator
// (Goodfellow et al. 2014, theorem 1: the value is -log 4 + 2 times it). By shares of equal bins.
#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/data/bins.h"
#include "figment/data/toy.h"
#include "figment/eval/metric.h"
#include "figment/model/abilities.h"

namespace figment::metrics {
namespace {

constexpr int64_t kSamples = 100000, kChunk = 10000;
constexpr int64_t kPlaneSide = 50, kLineSide = 200;  // bins along an axis
constexpr std::uint64_t kFresh = 0x6a73;             // no set is drawn with this seed

torch::Tensor samples_of(const MetricRequest& request, Samples& able, int64_t n) {
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < n; first += kChunk) {
    const auto some = std::min(kChunk, n - first);
    Noise noise(request.seed, first, some, request.model.device());
    SampleRequest asked;
    asked.n = some;
    asked.noise = &noise;
    parts.push_back(request.scaling.to_data(able.sample(asked).to(torch::kCPU)));
  }
  return torch::cat(parts);
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Samples*>(&request.model);
  if (able == nullptr) metric_lacks(request, "js_divergence", "samples");
  const auto& source = request.data.source;
  if (!toy_has_density(source))
    fail(Cause::kConfig, "eval js_divergence",
         "expected a set whose density is known (8gaussians, checkerboard, 2gaussians), got '",
         source, "'; figment eval RUN fid judges samples of images");
  request.model.eval();
  const auto n = request.options.samples > 0 ? request.options.samples : kSamples;
  const auto fresh = toy_points(source, mix(kFresh, request.seed), 0, n).x;
  const auto bins = bins_about(fresh, fresh.size(1) == 1 ? kLineSide : kPlaneSide);
  const auto truth =
      bins.integrals([&](const torch::Tensor& x) { return *toy_log_density(source, x); });
  const auto made = bins.shares(samples_of(request, *able, n));
  Measured out;
  out.metrics = {{"js_divergence", jensen_shannon(truth, made)}};
  // What the bins make of points that are true, as many.
  out.baselines = {{"true_points_js_divergence", jensen_shannon(truth, bins.shares(fresh))}};
  out.counts.emplace_back("js_divergence", SampleCounts{n, 0});
  out.notes = {{"samples", std::to_string(n)},
               {"bins", std::to_string(bins.side) + " along each axis, and one outside"}};
  return out;
}

}  // namespace

extern const Metric js_divergence;
const Metric js_divergence = {
    "js_divergence", "Jensen-Shannon divergence from a density that is known, in nats", &measure};

}  // namespace figment::metrics
