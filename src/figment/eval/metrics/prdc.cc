// Precision, recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of
// samples.
#include "figment/eval/sample_sets.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  return measure_samples(request, "prdc", &judge_prdc, {"coverage"});
}

}  // namespace

extern const Metric prdc;
const Metric prdc = {"prdc", "precision, recall, density and coverage of samples", &measure};

}  // namespace figment::metrics
