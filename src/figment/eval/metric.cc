#include "figment/eval/metric.h"

#include "figment/core/error.h"
#include "figment/core/text.h"

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

void metric_lacks(const MetricRequest& request, std::string_view metric, const char* ability) {
  fail(Cause::kConfig, "eval " + std::string(metric), "expected a model that ", ability, ", but '",
       request.family.name, "' does not; figment list shows which families do");
}

void need_labels(const Dataset& set, std::string_view metric) {
  if (!set.label.defined())
    fail(Cause::kData, "eval " + std::string(metric), "expected examples with labels, but '",
         set.name, "' has none; name their column with data.label_column");
}

}  // namespace figment
