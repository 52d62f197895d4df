// KID: the kernel distance between features of samples and of real examples. Binkowski et al. 2018.
#include "figment/eval/sample_sets.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  return measure_samples(request, "kid", &judge_kid, {"kid"});
}

}  // namespace

extern const Metric kid;
const Metric kid = {
    "kid", "kernel distance of samples to real examples, not biased by their number", &measure};

}  // namespace figment::metrics
