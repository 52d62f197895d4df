// Which classes a model samples and in which shares; of models that know classes, whether a sample
// is of the class it was asked for.
#include "figment/eval/sample_sets.h"
#include "figment/model/abilities.h"

namespace figment::metrics {
namespace {

// Each class of the model in turn is asked for.
void add_label_agreement(const MetricRequest& request, Measured& out) {
  const auto* able = dynamic_cast<Samples*>(&request.model);
  const auto& classes = request.model.example().classes;
  if (able == nullptr || !able->knows_classes() || classes.empty()) return;
  const auto sets = sample_sets(request, "modes", /*classes=*/true);
  const auto n = sets->samples.size();
  const auto label = torch::arange(n, torch::kLong).remainder(static_cast<int64_t>(classes.size()));
  const auto seen = look_at_samples(request, sets->space, n, label, nullptr);
  if (!judge_labels(seen.log_p, sets->space.classes(), label, classes, out))
    out.notes.emplace_back("label_agreement",
                           "left out: the classifier does not know all classes of the model");
}

Measured measure(const MetricRequest& request) {
  auto out = measure_samples(request, "modes", &judge_modes, {}, /*classes=*/true);
  add_label_agreement(request, out);
  return out;
}

}  // namespace

extern const Metric modes;
const Metric modes = {"modes", "classes found among samples, their balance, and those asked for",
                      &measure};

}  // namespace figment::metrics
