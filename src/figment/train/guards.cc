#include "figment/train/guards.h"

#include <functional>

#include "figment/data/loader.h"
#include "figment/model/abilities.h"
#include "figment/model/draws_codes.h"

namespace figment {
namespace {

constexpr int64_t kExamples = 2000, kBatch = 500;

struct Help {
  const char* key;
  const char* what;
};
constexpr Help kHelp[] = {{"beta_warmup_steps", "a warm-up of beta (model.beta_warmup_steps)"},
                          {"beta", "a smaller beta (model.beta)"},
                          {"free_bits", "free bits (model.free_bits)"}};

using Means = std::function<std::vector<torch::Tensor>(const Batch&)>;

// Empty for models whose codes no prior holds together.
Means posterior_means_of(Model& model) {
  if (auto* posteriors = dynamic_cast<Posteriors*>(&model))
    return [posteriors](const Batch& batch) { return posteriors->posterior_means(batch); };
  // An encoder's distribution without a likelihood to go with it, as beside a discriminator.
  auto* draws = dynamic_cast<DrawsCodes*>(&model);
  auto* encodes = dynamic_cast<Encodes*>(&model);
  if (draws == nullptr || encodes == nullptr || !draws->prior_is_standard_normal()) return {};
  return
      [encodes](const Batch& batch) { return std::vector<torch::Tensor>{encodes->encode(batch)}; };
}

}  // namespace

std::vector<ActiveUnits> units_of(Model& model, const Dataset& set, const Scaling& scaling) {
  const auto means_of = posterior_means_of(model);
  if (!means_of || set.size() < 2) return {};
  torch::NoGradGuard no_grad;
  const AverageScope averaged(model.optimizers());
  const bool training = model.is_training();
  model.eval();
  Loader loader(set.first(kExamples), scaling, {kBatch, false, 0, model.device()});
  std::vector<std::vector<torch::Tensor>> means;  // of each layer, by batches
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto layers = means_of(loader.batch(0, i));
    means.resize(layers.size());
    for (std::size_t k = 0; k < layers.size(); ++k) means[k].push_back(layers[k].to(torch::kCPU));
  }
  model.train(training);
  std::vector<ActiveUnits> out;
  out.reserve(means.size());
  for (const auto& layer : means) out.push_back(active_units(torch::cat(layer)));
  return out;
}

std::vector<std::string> collapse_settings(const Value& config) {
  std::vector<std::string> out;
  for (const auto& help : kHelp)
    if (config.find(help.key) != nullptr) out.emplace_back(help.what);
  return out;
}

std::string CollapseGuard::look(Model& model, const Dataset& validation, const Scaling& scaling,
                                std::vector<std::pair<std::string, double>>& values) {
  const auto layers = units_of(model, validation, scaling);
  for (std::size_t k = 0; k < layers.size(); ++k)
    values.emplace_back(active_units_name(k, layers.size()), static_cast<double>(layers[k].active));
  auto warning = collapse_warning(layers, settings_);
  const bool again = seen_ && !warning.empty();
  seen_ = !warning.empty();
  if (said_ || !again) return "";
  said_ = true;
  return warning;
}

}  // namespace figment
