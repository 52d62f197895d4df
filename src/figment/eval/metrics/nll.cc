// Negative log-likelihood: by importance samples from the posterior (Burda et al. 2016), or by an
// exact density.
#include "figment/eval/nll.h"

#include <cmath>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/eval/metric.h"
#include "figment/model/conditions.h"
#include "figment/model/likelihood.h"

namespace figment::metrics {
namespace {

constexpr int64_t kSamples = 5000;

double mean_of(const torch::Tensor& values) { return values.mean().item<double>(); }

// The sizes of one example as a batch.
std::vector<int64_t> sizes_of_one(const MetricRequest& request) {
  auto sizes = request.set.spec.shape;
  sizes.insert(sizes.begin(), 1);
  return sizes;
}

// Nats an example in the model's numbers -> bits an element on the scale of the data, of those
// elements that the density is of.
double bits_per_dim(double nll, const MetricRequest& request, bool of_bits) {
  const auto sizes = sizes_of_one(request);
  const auto told = told_elements(request.model, sizes).to(torch::kDouble);
  double nats = nll;
  if (!of_bits) {
    const auto step =
        request.scaling.to_data(torch::ones(sizes)) - request.scaling.to_data(torch::zeros(sizes));
    nats += (step.to(torch::kDouble).log() * told).sum().item<double>();
  }
  return nats / (told.sum().item<double>() * std::log(2.0));
}

// What the model is told of an example whose density it states, in words; "" for nothing.
std::string given_to(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  if (conditions == nullptr) return "";
  std::vector<std::string> parts;
  if (conditions->on_class()) parts.emplace_back("its class");
  if (conditions->on_attributes()) parts.emplace_back("its attributes");
  if (conditions->on_part()) parts.emplace_back("a part of it");
  return join(parts, " and ");
}

void describe(const MetricRequest& request, bool exact, bool of_bits, int64_t samples,
              Measured& out) {
  out.notes.emplace_back(
      "nll", exact ? "by the model's exact density"
                   : "estimated by " + std::to_string(samples) +
                         " importance samples an example: in expectation not below the truth");
  const auto given = given_to(request.model);
  if (!given.empty())
    out.notes.emplace_back("condition", "the density is that of an example given " + given +
                                            "; it does not compare with -log p(x) of a model that "
                                            "is told nothing");
  if (part_of(request.model) != nullptr) {
    const auto told = told_elements(request.model, sizes_of_one(request));
    out.notes.emplace_back(
        "hidden", std::to_string(told.to(torch::kLong).sum().item<int64_t>()) + " of the " +
                      std::to_string(told.numel()) +
                      " elements of an example, which is what bits_per_dim is a mean over");
  }
  const auto* states = dynamic_cast<StatesLikelihood*>(&request.model);
  if (states != nullptr && states->likelihood_of() == LikelihoodOf::kBinaryDraws)
    out.notes.emplace_back("pixels",
                           "drawn 0 or 1 once, with their grey level as the probability, "
                           "by seed " +
                               std::to_string(request.seed) +
                               "; numbers of data binarised in another way do not compare");
  const bool of_steps = states != nullptr && states->likelihood_of() == LikelihoodOf::kGreySteps;
  if (of_steps)
    out.notes.emplace_back("pixels", "with uniform noise of one grey step, by seed " +
                                         std::to_string(request.seed) +
                                         ": bits_per_dim bounds that of the 256 greys from above");
  if (!of_bits && !of_steps && request.set.spec.modality == Modality::kImage)
    out.notes.emplace_back("density",
                           "of real numbers, while pixels are steps of 1/255 to which no noise was "
                           "added: it may exceed any bound, and does not compare with that of "
                           "dequantised pixels");
}

Measured measure(const MetricRequest& request) {
  auto* densities = dynamic_cast<Densities*>(&request.model);
  const bool exact =
      densities != nullptr && std::string(densities->density_name()) == "log_density";
  if (!exact && dynamic_cast<Posteriors*>(&request.model) == nullptr)
    metric_lacks(request, "nll",
                 "has an exact density, or a likelihood and a posterior to estimate one by");
  if (request.set.size() == 0)
    fail(Cause::kData, "eval nll", "expected examples to judge, got none");
  const auto problem = likelihood_problem(request.model, request.scaling, request.set);
  if (!problem.empty()) fail(Cause::kConfig, "eval nll", problem);

  const auto samples = request.options.samples > 0 ? request.options.samples : kSamples;
  const auto found =
      estimate_nll(request.model, request.scaling, request.set, {request.seed, samples});
  const auto n = static_cast<double>(request.set.size());
  const auto nll = -mean_of(found.log_density);
  const auto error =
      n > 1 ? found.log_density.std(/*unbiased=*/true).item<double>() / std::sqrt(n) : 0.0;
  const auto* states = dynamic_cast<StatesLikelihood*>(&request.model);
  const bool of_bits = states != nullptr && states->likelihood_of() != LikelihoodOf::kReals &&
                       states->likelihood_of() != LikelihoodOf::kGreySteps;
  Measured out;
  describe(request, exact, of_bits, samples, out);
  out.metrics = {
      {"nll", nll}, {"nll_stderr", error}, {"bits_per_dim", bits_per_dim(nll, request, of_bits)}};
  out.intervals = {{"nll", {nll - 1.96 * error, nll + 1.96 * error}}};
  if (exact) return out;
  const auto elbo = mean_of(found.elbo);
  out.metrics.emplace_back("elbo", elbo);
  if (found.kl.defined()) {
    out.metrics.emplace_back("reconstruction", elbo + mean_of(found.kl));
    out.metrics.emplace_back("kl", mean_of(found.kl));
  }
  out.metrics.emplace_back("effective_samples", mean_of(found.effective_samples));
  if (found.layers.size() > 1) {
    int64_t active = 0;
    for (const auto& layer : found.layers) active += layer.active;
    out.metrics.emplace_back("active_units", static_cast<double>(active));
  }
  for (std::size_t k = 0; k < found.layers.size(); ++k)
    out.metrics.emplace_back(active_units_name(k, found.layers.size()),
                             static_cast<double>(found.layers[k].active));
  return out;
}

}  // namespace

extern const Metric nll;
const Metric nll = {"nll", "negative log-likelihood by importance samples, with its parts",
                    &measure};

}  // namespace figment::metrics
