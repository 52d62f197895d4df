#include "figment/eval/bayes.h"

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/nn/bayes.h"
#include "figment/nn/distributions.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

}  // namespace

torch::Tensor class_log_densities(Model& model, const Batch& batch, int64_t first,
                                  const BayesOptions& options) {
  auto* densities = class_densities_of(model);
  FIGMENT_CHECK(densities != nullptr);
  auto* posteriors = dynamic_cast<Posteriors*>(&model);
  const auto n = batch.size();
  auto given = batch;
  std::vector<torch::Tensor> all;
  for (std::size_t one = 0; one < model.example().classes.size(); ++one) {
    given.label = torch::full({n}, static_cast<int64_t>(one),
                              torch::TensorOptions(torch::kLong).device(batch.x.device()));
    Noise noise(options.seed, first, n, batch.x.device());
    all.push_back(posteriors != nullptr
                      ? log_mean_exp(posteriors->log_weights(given, noise, options.samples), 0)
                      : densities->log_density(given, noise).total);
  }
  return torch::stack(all, 1);
}

torch::Tensor classify_by_bayes(Model& model, const Scaling& scaling, const Dataset& set,
                                const torch::Tensor& training_labels, const BayesOptions& options) {
  torch::NoGradGuard no_grad;
  model.eval();
  const auto classes = static_cast<int64_t>(model.example().classes.size());
  const auto prior = log_class_prior(torch::bincount(training_labels, {}, classes));
  Loader loader(set, scaling, {kBatch, false, 0, model.device()});
  std::vector<torch::Tensor> parts;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto density = class_log_densities(model, loader.batch(0, i), i * kBatch, options);
    parts.push_back(class_log_posterior(density, prior).to(torch::kCPU));
  }
  return torch::cat(parts);
}

}  // namespace figment
