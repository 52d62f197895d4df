// Parzen window log-likelihood of the test part under samples of the model: a legacy number, to
// compare with old papers (docs/metrics.md says why not to trust it).
#include "figment/eval/parzen.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/eval/k_means.h"
#include "figment/eval/metric.h"

namespace figment::metrics {
namespace {

constexpr int64_t kSamples = 10000;  // centres, unless the command line says otherwise
constexpr int64_t kHeldOut = 1000;   // examples that sigma is chosen on
constexpr int64_t kBatch = 256;
constexpr int64_t kLloydSteps = 10;
constexpr double kInterval = 1.959964;  // of 95 %, in standard errors

torch::Tensor draw(const MetricRequest& request, Samples& able, int64_t n) {
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < n; first += kBatch) {
    const auto size = std::min(kBatch, n - first);
    Noise noise(request.seed, first, size, request.model.device());
    parts.push_back(able.sample({size, &noise}).to(torch::kCPU, torch::kFloat).flatten(1));
  }
  return torch::cat(parts);
}

// What sigma is chosen on: not the examples the numbers are of, nor those that are centres.
struct HeldOut {
  Dataset set, rest;  // rest: the training examples that are free to be centres
  std::string name;
};
HeldOut held_out(const MetricRequest& request) {
  const auto own = open_data(request.data);
  // With --data the training examples are others than those of the recipe.
  const bool same = own.train.x.scalar_type() == request.training.x.scalar_type() &&
                    torch::equal(own.train.x, request.training.x);
  if (same && own.validation.size() > 0) {
    auto set = own.validation.first(kHeldOut);
    const auto name = "the first " + std::to_string(set.size()) + " of the validation part";
    return {std::move(set), request.training, name};
  }
  const auto n = request.training.size();
  const auto held = std::min(kHeldOut, n / 2);
  const auto index = torch::arange(n);
  return {request.training.select(index.narrow(0, n - held, held)),
          request.training.first(n - held),
          "the last " + std::to_string(held) + " of the training part"};
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Samples*>(&request.model);
  if (able == nullptr) metric_lacks(request, "parzen", "samples");
  request.model.eval();
  const auto held = held_out(request);
  if (held.set.size() == 0)
    fail(Cause::kData, "eval parzen", "expected at least 2 training examples, got ",
         request.training.size());
  const auto numbers = [&](const Dataset& set) {
    return request.scaling.to_model(set.x).flatten(1);
  };
  const auto choose_on = numbers(held.set), test = numbers(request.set);
  const auto n = request.options.samples > 0 ? request.options.samples : kSamples;
  Measured out;
  const auto of_model = fit_parzen(draw(request, *able, n), choose_on, test);
  out.metrics = {{"parzen_ll", of_model.mean},
                 {"parzen_ll_stderr", of_model.standard_error},
                 {"parzen_sigma", of_model.sigma}};
  const auto half = kInterval * of_model.standard_error;
  out.intervals = {{"parzen_ll", {of_model.mean - half, of_model.mean + half}}};
  out.notes = {{"centres", std::to_string(n) + " samples, seed " + std::to_string(request.seed)},
               {"sigma", "chosen on " + held.name}};
  out.counts.emplace_back("parzen_ll", SampleCounts{n, request.set.size()});
  if (of_model.at_the_edge)
    out.notes.emplace_back("warning",
                           "sigma is at the edge of [0.1, 1], which suits pixels in [0, 1]; the "
                           "numbers are lower than with the best one");
  const auto k = std::min(n, held.rest.size());
  const auto training = numbers(held.rest);
  const auto baseline = [&](const std::string& name, const torch::Tensor& centres) {
    out.baselines.emplace_back(name + "_" + std::to_string(k) + "_parzen_ll",
                               fit_parzen(centres, choose_on, test).mean);
  };
  baseline("training", training.narrow(0, 0, k));
  if (request.options.calibrate) baseline("k_means", k_means(training, k, kLloydSteps));
  return out;
}

}  // namespace

extern const Metric parzen;
const Metric parzen = {"parzen", "Parzen window log-likelihood under samples (legacy)", &measure};

}  // namespace figment::metrics
