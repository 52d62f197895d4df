#include "figment/apply/inpainting_quality.h"

#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/eval/sample_quality.h"
#include "figment/eval/sample_sets.h"

namespace figment {
namespace {

Measured judged_against(const Evidence& real, const Evidence& completed, bool intervals) {
  Measured out;
  judge_fid(completed, real, intervals, out);
  judge_prdc(completed, real, intervals, out);
  return out;
}

}  // namespace

void judge_completed(const LoadedRun& run, const Dataset& training, const Dataset& set,
                     const torch::Tensor& completed, const std::vector<Filling>& fillings,
                     const std::string& features, const Say& say, Measured& out) {
  const auto n = set.size();
  if (n < kFewestJudged) {
    out.notes.emplace_back("quality", "left out: it takes " + std::to_string(kFewestJudged) +
                                          " images at least (--number), got " + std::to_string(n));
    return;
  }
  if (features.empty() && !suits_lenet(training)) {
    out.notes.emplace_back("quality",
                           "left out: a feature network learns from labelled images alone; "
                           "--features gives one");
    return;
  }
  const auto space = space_of_run(features, training, set, run.scaling, run.recipe.data, say);
  const auto look = [&](const torch::Tensor& x) { return space.observe(to_output(run, x)); };
  const auto real = space.observe(set.x);
  out.notes.emplace_back("features", space.title());
  out.notes.emplace_back("quality", "of " + std::to_string(n) +
                                        " completed images, the first answer to each, against "
                                        "what they were, " +
                                        counted(space.width(), "number") + " each");
  if (n <= space.width())
    out.notes.emplace_back("few examples",
                           "no more examples than features: distances are mostly of chance");
  const auto of_model = judged_against(real, look(completed), /*intervals=*/true);
  out.metrics.insert(out.metrics.end(), of_model.metrics.begin(), of_model.metrics.end());
  out.intervals.insert(out.intervals.end(), of_model.intervals.begin(), of_model.intervals.end());
  for (const auto& filling : fillings) {
    const auto of_filling = judged_against(real, look(filling.images), /*intervals=*/false);
    for (const auto& [name, value] : of_filling.metrics)
      out.baselines.emplace_back(filling.name + "_" + name, value);
  }
}

}  // namespace figment
