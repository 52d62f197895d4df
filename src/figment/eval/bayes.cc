#include "figment/eval/bayes.h"

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/nn/bayes.h"
#include "figment/nn/distributions.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

// What the class is taken for before the example is looked at: log p(class), [classes], and of a
// model that is told attributes log p(class, attributes), [n, classes].
class ClassPrior {
 public:
  ClassPrior(Model& model, const Dataset& training)
      : count_(torch::bincount(training.label, {},
                               static_cast<int64_t>(model.example().classes.size()))) {
    // One of class_densities_of has conditions.
    if (!dynamic_cast<Conditions&>(model).on_attributes()) return;
    if (!training.attributes.defined())
      fail(Cause::kData, "classify",
           "expected a training part with the attributes that the model is told, got one without; "
           "see data.attributes");
    const auto classes = count_.size(0), a = training.attributes.size(1);
    sum_ = torch::zeros({classes, a}, torch::kDouble);
    products_ = torch::zeros({classes, a, a}, torch::kDouble);
    add_class_moments(training.label, training.attributes, sum_, products_);
  }
  torch::Tensor of(const Batch& batch) const {
    const auto prior = log_class_prior(count_);
    if (!sum_.defined()) return prior;
    return prior +
           class_attribute_log_density(count_, sum_, products_, batch.attributes.to(torch::kCPU));
  }

 private:
  torch::Tensor count_, sum_, products_;
};

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
                                const Dataset& training, const BayesOptions& options) {
  torch::NoGradGuard no_grad;
  model.eval();
  const ClassPrior prior(model, training);
  Loader loader(set, scaling, {kBatch, false, 0, model.device()});
  std::vector<torch::Tensor> parts;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    const auto density = class_log_densities(model, batch, i * kBatch, options);
    parts.push_back(class_log_posterior(density, prior.of(batch)).to(torch::kCPU));
  }
  return torch::cat(parts);
}

}  // namespace figment
