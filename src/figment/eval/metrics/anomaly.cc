// How well anomalies are told from what the model was trained on: needs data.normal.
#include "figment/eval/anomaly.h"
#include "figment/core/error.h"
#include "figment/data/open.h"
#include "figment/eval/metric.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  if (!scores_anomalies(request.model))
    metric_lacks(request, "anomaly", "reconstructs, encodes or has an exact density");
  need_labels(request.set, "anomaly");
  if (request.data.normal.empty())
    fail(Cause::kConfig, "eval anomaly",
         "expected a model of normal examples alone, got one trained on all classes; name the "
         "normal ones with data.normal='[\"...\"]' and train anew");
  const auto anomaly = anomalies(request.set, request.data.normal);
  if (!anomaly.any().item<bool>() || anomaly.all().item<bool>())
    fail(Cause::kData, "eval anomaly", "expected normal examples and anomalies to judge, got ",
         anomaly.any().item<bool>() ? "anomalies" : "normal ones",
         " alone; the test part has both, the others have none");
  const auto judged =
      judge_anomalies(request.model, request.scaling, request.training, request.set, anomaly);
  Measured out;
  out.metrics = results_of(judged.model);
  out.baselines = trivial_results_of(judged.trivial);
  if (judged.model.front().name == "density") out.notes = {{"density", kDensityWarning}};
  return out;
}

}  // namespace

extern const Metric anomaly;
const Metric anomaly = {"anomaly", "how well examples of other classes than data.normal are found",
                        &measure, /*fits_run=*/true};

}  // namespace figment::metrics
