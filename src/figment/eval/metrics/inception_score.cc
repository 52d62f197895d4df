// Inception score of samples, by the classifier at hand. Salimans et al. 2016.
#include "figment/eval/sample_sets.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  return measure_samples(request, "inception_score", &judge_inception_score, {}, /*classes=*/true);
}

}  // namespace

extern const Metric inception_score;
const Metric inception_score = {"inception_score",
                                "how sure and how varied a classifier is of samples", &measure};

}  // namespace figment::metrics
