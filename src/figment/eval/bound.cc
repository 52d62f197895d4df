#include "figment/eval/bound.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/model/bound_terms.h"
#include "figment/nn/noise.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 256;

// Mean and standard error of values [n] double.
std::pair<double, double> mean_of(const torch::Tensor& values) {
  const auto n = static_cast<double>(values.size(0));
  return {values.mean().item<double>(),
          n > 1 ? values.std(/*unbiased=*/true).item<double>() / std::sqrt(n) : 0.0};
}

// t = 1 alone, then 2..steps in `count` stretches of nearly one length.
std::vector<Stretch> stretches_of(int64_t steps, int64_t count) {
  std::vector<Stretch> out = {{1, 1}};
  count = std::clamp<int64_t>(count, 1, std::max<int64_t>(1, steps - 1));
  for (int64_t k = 0; k < count && steps > 1; ++k)
    out.push_back({2 + k * (steps - 1) / count, 1 + (k + 1) * (steps - 1) / count});
  return out;
}

}  // namespace

double nats_of_scale(const Scaling& scaling, const ExampleSpec& example) {
  if (example.modality == Modality::kImage) return 0;
  auto sizes = example.shape;
  sizes.insert(sizes.begin(), 1);
  const auto step = scaling.to_data(torch::ones(sizes)) - scaling.to_data(torch::zeros(sizes));
  return step.to(torch::kDouble).log().sum().item<double>();
}

BoundByTerms bound_by_terms(Model& model, const Scaling& scaling, const Dataset& set,
                            const BoundOptions& options) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<BoundTerms*>(&model);
  FIGMENT_CHECK(able != nullptr && set.size() > 0 && options.samples > 0);
  model.eval();
  BoundByTerms out;
  out.stretches = stretches_of(able->terms(), options.samples);
  std::vector<std::vector<torch::Tensor>> terms(out.stretches.size());
  std::vector<torch::Tensor> prior;
  Loader loader(set, scaling, {kBatch, false, 0, model.device()});
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    const auto n = batch.size();
    Noise noise(options.seed, i * kBatch, n, model.device());
    prior.push_back(able->prior_term(batch.x).to(torch::kCPU, torch::kDouble));
    for (std::size_t k = 0; k < out.stretches.size(); ++k) {
      const auto& [first, last, nats, error] = out.stretches[k];
      const auto length = static_cast<double>(last - first + 1);
      const auto place = (noise.uniform({1}).squeeze(1) * length).floor().to(torch::kLong);
      const auto t = (place + first).clamp_max(last);
      const auto term = able->bound_term(batch, t, noise.normal(model.example().shape));
      terms[k].push_back(term.to(torch::kCPU, torch::kDouble) * length);
    }
  }
  auto total = torch::cat(prior);
  out.prior = total.mean().item<double>();
  for (std::size_t k = 0; k < out.stretches.size(); ++k) {
    const auto all = torch::cat(terms[k]);
    std::tie(out.stretches[k].nats, out.stretches[k].error) = mean_of(all);
    total = total + all;
  }
  std::tie(out.total, out.error) = mean_of(total);
  const auto unit = static_cast<double>(model.example().elements()) * std::log(2.0);
  out.bits_per_dim = (out.total + nats_of_scale(scaling, model.example())) / unit;
  out.bits_error = out.error / unit;
  return out;
}

}  // namespace figment
