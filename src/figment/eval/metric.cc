#include "figment/eval/metric.h"

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/model/abilities.h"

namespace figment {

const Metric& metric_named(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* metric : all_metrics()) {
    if (metric->name == name) return *metric;
    names.emplace_back(metric->name);
  }
  fail(Cause::kConfig, "eval", "expected a metric (", join(names, ", "), "), got '",
       printable(name), "'", did_you_mean(name, names));
}

bool only_separates(Model& model) {
  return dynamic_cast<Separates*>(&model) != nullptr &&
         dynamic_cast<Reconstructs*>(&model) == nullptr &&
         dynamic_cast<Encodes*>(&model) == nullptr && dynamic_cast<Densities*>(&model) == nullptr &&
         dynamic_cast<Classifies*>(&model) == nullptr;
}

Measured measure_default(const MetricRequest& request) {
  if (only_separates(request.model)) return metric_named("separation").measure(request);
  Measured out;
  out.metrics = evaluate(request.model, request.scaling, request.set, request.seed);
  out.baselines = baselines(request.model, request.scaling, request.training, request.set);
  return out;
}

void metric_lacks(const MetricRequest& request, std::string_view metric, const char* ability) {
  fail(Cause::kConfig, "eval " + std::string(metric), "expected a model that ", ability, ", but '",
       request.family.name, "' does not; figment list shows which families do");
}

void need_labels(const Dataset& set, std::string_view metric) {
  if (!set.label.defined())
    fail(Cause::kData, "eval " + std::string(metric), "expected examples with labels, but '",
         set.name, "' has none; name their column with data.label_column");
}

void need_others(const MetricRequest& request, std::string_view metric) {
  if (request.within_training && request.training.size() < 2)
    fail(Cause::kData, "eval " + std::string(metric),
         "expected other examples of the training part than the one judged, got it alone; judge "
         "another part with --split");
}

}  // namespace figment
