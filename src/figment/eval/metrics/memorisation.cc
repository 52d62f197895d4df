// Whether samples are copies of training examples, by their nearest neighbours among these.
#include "figment/eval/memorisation.h"

#include "figment/core/error.h"
#include "figment/eval/sample_sets.h"

namespace figment::metrics {
namespace {

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  const auto sets = sample_sets(request, "memorisation");
  const auto real = some_rows(request.set.size(), kPixelExamples);
  const auto numbers = numbers_of(request.scaling);
  Measured out;
  out.notes.emplace_back("memorisation", std::to_string(sets->first.size(0)) + " samples and " +
                                             std::to_string(real.size(0)) + " examples against " +
                                             std::to_string(request.training.size()) +
                                             " training examples, in the model's numbers");
  judge_copies({request.training.x, {}, numbers}, {sets->first, {}, numbers},
               {request.set.x, real, numbers}, {}, out);
  return out;
}

}  // namespace

extern const Metric memorisation;
const Metric memorisation = {"memorisation", "whether samples are copies of training examples",
                             &measure};

}  // namespace figment::metrics
