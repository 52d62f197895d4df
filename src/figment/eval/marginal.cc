#include "figment/eval/marginal.h"

#include <algorithm>
#include <string>

#include "figment/core/error.h"
#include "figment/eval/bayes.h"
#include "figment/model/conditions.h"
#include "figment/nn/bayes.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 4096;
constexpr int64_t kMostElements = 1 << 20;  // of a batch of large examples

bool on_more_than_class(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  return conditions != nullptr && (conditions->on_attributes() || conditions->on_part());
}

}  // namespace

bool has_marginal(Model& model) {
  return dynamic_cast<Densities*>(&model) != nullptr && !on_more_than_class(model);
}

bool has_exact_marginal(Model& model) {
  return has_marginal(model) &&
         std::string(dynamic_cast<Densities&>(model).density_name()) == "log_density";
}

torch::Tensor marginal_log_density(Model& model, const Scaling& scaling, const torch::Tensor& x,
                                   const torch::Tensor& training_label, std::uint64_t seed,
                                   int64_t first) {
  FIGMENT_CHECK(has_marginal(model));
  torch::NoGradGuard no_grad;
  model.eval();
  torch::Tensor prior;  // [classes] double, log p(class)
  const auto classes = static_cast<int64_t>(model.example().classes.size());
  if (class_densities_of(model) != nullptr)
    prior = log_class_prior(training_label.defined() ? torch::bincount(training_label, {}, classes)
                                                     : torch::zeros({classes}, torch::kLong));
  auto& able = dynamic_cast<Densities&>(model);
  const auto most = std::clamp<int64_t>(kMostElements / model.example().elements(), 1, kBatch);
  std::vector<torch::Tensor> parts;
  for (int64_t begin = 0; begin < x.size(0); begin += most) {
    const auto n = std::min(most, x.size(0) - begin);
    Batch batch;
    batch.x = scaling.to_model(x.narrow(0, begin, n)).to(model.device());
    if (prior.defined()) {
      const auto given = class_log_densities(model, batch, first + begin, {8, seed});
      parts.push_back(torch::logsumexp(given.to(torch::kCPU, torch::kDouble) + prior, 1));
    } else {
      Noise noise(seed, first + begin, n, model.device());
      parts.push_back(able.log_density(batch, noise).total.to(torch::kCPU, torch::kDouble));
    }
  }
  return torch::cat(parts);
}

torch::Tensor marginal_log_density_of_data(Model& model, const Scaling& scaling,
                                           const torch::Tensor& x,
                                           const torch::Tensor& training_label,
                                           std::uint64_t seed) {
  FIGMENT_CHECK(x.dim() == 2);
  const auto log_scale = scaling.scale().to(torch::kDouble).log().expand({x.size(1)}).sum();
  return marginal_log_density(model, scaling, x, training_label, seed) - log_scale;
}

}  // namespace figment
