#include "figment/eval/nll.h"

#include <algorithm>
#include <cstring>

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/model/abilities.h"
#include "figment/model/conditions.h"
#include "figment/model/likelihood.h"
#include "figment/nn/distributions.h"
#include "figment/report/markup.h"

namespace figment {
namespace {

// Elements of examples times samples that a model is asked for at once; of pictures of 28 x 28 and
// 5,000 samples this is one example, which is enough to keep the matrix products busy.
constexpr int64_t kElementsAtOnce = 1 << 22;
constexpr int64_t kWidestBatch = 512;

// 0 or 1 in place of the probabilities x of a model that draws them, so that all it is asked of a
// batch is of the same draw: drawing from 0 or 1 changes nothing.
Batch drawn(Model& model, Batch batch, std::uint64_t seed, int64_t first) {
  const auto* states = dynamic_cast<StatesLikelihood*>(&model);
  if (states == nullptr || states->likelihood_of() != LikelihoodOf::kBinaryDraws) return batch;
  Noise noise(seed, first, batch.size(), model.device());
  batch.x = noise.bernoulli(batch.x);
  return batch;
}

// Collects tensors of many batches under names.
struct Columns {
  std::vector<torch::Tensor> log_density, elbo, effective, kl;
  std::vector<std::vector<torch::Tensor>> means;
};

torch::Tensor joined(const std::vector<torch::Tensor>& parts) {
  return parts.empty() ? torch::Tensor() : torch::cat(parts);
}

torch::Tensor to_double(const torch::Tensor& x) { return x.to(torch::kCPU, torch::kDouble); }

void weigh(Posteriors& posteriors, const Batch& batch, Noise noise, int64_t samples,
           Columns& columns) {
  const auto log_w = to_double(posteriors.log_weights(batch, noise, samples));  // [samples, n]
  columns.log_density.push_back(log_mean_exp(log_w, 0));
  columns.elbo.push_back(log_w.mean(0));
  const auto share = torch::softmax(log_w, 0);
  columns.effective.push_back(share.square().sum(0).reciprocal());
  const auto means = posteriors.posterior_means(batch);
  columns.means.resize(means.size());
  for (std::size_t k = 0; k < means.size(); ++k)
    columns.means[k].push_back(means[k].to(torch::kCPU));
}

bool is_exact(Densities* densities) {
  return densities != nullptr && std::strcmp(densities->density_name(), "log_density") == 0;
}

}  // namespace

double entropy_floor(const torch::Tensor& x) {
  const auto p = x.to(torch::kDouble).flatten(1);
  const auto term = [](const torch::Tensor& q) { return torch::xlogy(q, q); };
  return -(term(p) + term(1 - p)).sum(1).mean().item<double>();
}

torch::Tensor told_elements(Model& model, at::IntArrayRef sizes) {
  const auto all = torch::ones(sizes);
  auto* part = part_of(model);
  return part == nullptr ? all : all - part->known().to(torch::kCPU, torch::kFloat);
}

std::string likelihood_problem(Model& model, const Scaling& scaling, const Dataset& set) {
  const auto* states = dynamic_cast<StatesLikelihood*>(&model);
  if (states == nullptr || states->likelihood_of() != LikelihoodOf::kProbabilities) return "";
  double floor = 0;
  for (int64_t first = 0; first < set.size(); first += kWidestBatch) {
    const auto x = scaling.to_model(set.x.slice(0, first, first + kWidestBatch));
    // What is given is 0 here, of which nothing need be told.
    floor += entropy_floor(x * told_elements(model, x.sizes())) * static_cast<double>(x.size(0));
  }
  floor /= static_cast<double>(std::max<int64_t>(1, set.size()));
  if (floor <= 1e-9) return "";  // all are 0 or 1: a likelihood as it stands
  return "expected pixels that are 0 or 1 for a Bernoulli likelihood, but those of '" + set.name +
         "' are grey: minus their cross-entropy is no log-likelihood, and even a perfect model "
         "stays "
         "at " +
         significant(floor, 4) +
         " nats; train with model.binarize=sampled, which draws the pixels, or on binary data";
}

Nll estimate_nll(Model& model, const Scaling& scaling, const Dataset& set,
                 const NllOptions& options) {
  torch::NoGradGuard no_grad;
  model.eval();
  auto* densities = dynamic_cast<Densities*>(&model);
  auto* posteriors = dynamic_cast<Posteriors*>(&model);
  const bool exact = is_exact(densities);
  FIGMENT_CHECK(exact || posteriors != nullptr);
  const auto elements = std::max<int64_t>(1, set.spec.elements() * (exact ? 1 : options.samples));
  const auto size = std::clamp<int64_t>(kElementsAtOnce / elements, 1, kWidestBatch);
  Loader loader(set, scaling, {size, false, 0, model.device()});
  Columns columns;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto first = i * size;
    const auto batch = drawn(model, loader.batch(0, i), options.seed, first);
    const auto fresh = [&] { return Noise(options.seed, first, batch.size(), model.device()); };
    if (posteriors != nullptr && !exact)
      weigh(*posteriors, batch, fresh(), options.samples, columns);
    if (densities == nullptr) continue;
    auto noise = fresh();
    const auto density = densities->log_density(batch, noise);
    if (exact) columns.log_density.push_back(to_double(density.total));
    for (const auto& [name, values] : density.parts)
      if (name == "kl") columns.kl.push_back(to_double(values));
  }
  Nll out;
  out.log_density = joined(columns.log_density);
  out.elbo = joined(columns.elbo);
  out.effective_samples = joined(columns.effective);
  out.kl = joined(columns.kl);
  if (set.size() > 1)
    for (const auto& layer : columns.means) out.layers.push_back(active_units(joined(layer)));
  return out;
}

}  // namespace figment
