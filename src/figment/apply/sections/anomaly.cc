// How anomalies are told from the examples the model was trained on, where data.normal names these.
#include <algorithm>

#include "figment/apply/anomaly_pictures.h"
#include "figment/apply/section.h"
#include "figment/apply/spread.h"
#include "figment/data/image_codec.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"

namespace figment::sections {
namespace {

constexpr int64_t kFitted = 20000;  // training examples that scores and baselines are fitted on
constexpr int64_t kJudged = 20000;  // test examples
constexpr int64_t kShown = 20;      // pictures of each kind

// The examples of a kind with the highest or lowest scores, in that order.
torch::Tensor extremes(const torch::Tensor& scores, const torch::Tensor& of, bool highest) {
  const auto index = of.nonzero().flatten();
  const auto order = scores.index_select(0, index).argsort(0, highest);
  return index.index_select(0, order.narrow(0, 0, std::min(kShown, order.size(0))));
}

void write(ReportContext& context) {
  const auto& normal = context.run.recipe.data.normal;
  if (normal.empty() || !scores_anomalies(*context.run.model) || context.data.test.size() == 0)
    return;
  const auto test = spread(context.data.test, kJudged);
  const auto anomaly = known_anomalies(test, normal);
  if (!anomaly.defined() || anomaly.all().item<bool>() || !anomaly.any().item<bool>()) return;
  const auto judged = judge_anomalies(*context.run.model, context.run.scaling,
                                      spread(context.data.train, kFitted), test, anomaly);
  const auto& main = judged.model.front();
  context.page.section("Anomalies");
  context.page.paragraph("Trained on " + with_commas(context.data.train.size()) +
                         " normal examples; judged on " + with_commas(test.size()) +
                         " of the test part, " + with_commas(anomaly.sum().item<int64_t>()) +
                         " of them anomalies. " + threshold_sentence(main, true));
  if (main.name == "density")
    context.page.note("Judged by the density: " + std::string(kDensityWarning) + ".");
  context.page.plot(score_histogram(main, anomaly), "The score to go by, and its threshold.");
  const auto* encodes = context.able<Encodes>();
  context.page.plot(roc_plot(judged, anomaly, encodes != nullptr ? encodes->code_dim() : 0),
                    "What every threshold would find, with the area below each curve.");
  context.page.table(anomaly_table(judged), "All scores at the threshold of each.");
  if (test.spec.modality != Modality::kImage) return;
  GridOptions grid;
  grid.columns = kShown;
  const int scale = test.spec.shape[1] <= 32 ? 2 : 1;
  const auto show = [&](const torch::Tensor& of, bool highest, const char* caption) {
    const auto some = test.select(extremes(main.scores, of, highest)).x;
    context.page.image(encode_png(image_grid(some, grid)), caption, scale);
  };
  show(anomaly, true, "Anomalies of the highest scores.");
  show(anomaly, false, "Anomalies of the lowest scores, taken for normal first.");
  show(anomaly.logical_not(), true, "Normal examples of the highest scores, flagged first.");
  show(anomaly.logical_not(), false, "Normal examples of the lowest scores.");
}

}  // namespace

extern const Section anomaly;
const Section anomaly = {220, &write};

}  // namespace figment::sections
