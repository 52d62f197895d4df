#include "figment/apply/classify.h"

#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/data/padding.h"
#include "figment/eval/nearest.h"
#include "figment/eval/plain_classifier.h"
#include "figment/model/classifies_now.h"
#include "figment/model/conditions.h"

namespace figment {
namespace {

constexpr int64_t kNeighbours = 5;

}  // namespace

Classification classify(const LoadedRun& run, const Dataset& training, const Dataset& set,
                        const BayesOptions& options) {
  auto& model = *run.model;
  if (auto* densities = class_densities_of(model)) {
    if (!training.label.defined())
      fail(Cause::kData, "classify", "expected a training part with labels, got none");
    const bool bounds = dynamic_cast<Posteriors*>(&model) != nullptr;
    const auto kind = bounds ? "importance-weighted bounds of " + counted(options.samples, "code")
                      : std::string(densities->density_name()) == "log_density"
                          ? std::string("exact densities")
                          : "densities (" + std::string(densities->density_name()) + ")";
    return {classify_by_bayes(model, run.scaling, set, training, options),
            "Bayes' rule over " + kind};
  }
  auto* able = classifier_of(model);
  const auto* says = dynamic_cast<ClassifiesNow*>(&model);
  if (able == nullptr && says != nullptr)
    fail(Cause::kConfig, "classify",
         "expected a classifier that has learned, but that of this model has not; train anew with ",
         says->to_classify());
  if (able == nullptr && dynamic_cast<Classifies*>(&model) != nullptr)
    fail(Cause::kConfig, "classify", "expected a model that is given the class, but this '",
         run.family->name, "' was trained with another condition");
  if (able == nullptr) lacks_ability(run, &Abilities::classifies, "classify");
  std::vector<torch::Tensor> parts;
  for_each_batch(model, run.scaling, set, 512, [&](const Batch& batch, int64_t) {
    parts.push_back(able->classify(batch).to(torch::kCPU));
  });
  return {torch::cat(parts), "the model's own classifier"};
}

std::vector<std::pair<std::string, double>> classification_baselines(const LoadedRun& run,
                                                                     const Dataset& training,
                                                                     const Dataset& set,
                                                                     std::uint64_t seed,
                                                                     bool within_training) {
  const auto classes = static_cast<int64_t>(run.example().classes.size());
  PlainClassifier plain(training, run.scaling, classes, seed);
  const auto wrong = plain.classify(set).argmax(1) != set.label;
  // Codes of a model that is told the class would tell it to the vote.
  const bool codes = run.family->abilities.encodes && class_densities_of(*run.model) == nullptr;
  const auto points = [&](const Dataset& examples) {
    return codes ? encode(run, examples)
                 : to_model(run.scaling, examples.x, examples.length).flatten(1);
  };
  const bool others = within_training && training.size() > 1;
  const auto accuracy =
      knn_accuracy(points(training), training.label, points(set), set.label, kNeighbours, others);
  return {{"plain_classifier_error", wrong.to(torch::kDouble).mean().item<double>()},
          {codes ? "neighbours_of_codes_error" : "neighbours_of_inputs_error", 1 - accuracy}};
}

}  // namespace figment
