// FID: the Frechet distance between features of samples and of real examples. Heusel et al. 2017.
#include "figment/eval/sample_sets.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  return measure_samples(request, "fid", &judge_fid, {"fid"});
}

}  // namespace

extern const Metric fid;
const Metric fid = {"fid", "Frechet distance of samples to real examples, in named features",
                    &measure};

}  // namespace figment::metrics
