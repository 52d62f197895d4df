#include "figment/apply/anomaly_pictures.h"

#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment {
namespace {

constexpr std::size_t kCurvePoints = 400;

std::vector<double> list_of(const torch::Tensor& values) {
  const auto flat = values.to(torch::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

Series curve_of(const JudgedScore& score, const torch::Tensor& anomaly) {
  const auto all = roc_curve(score.scores, anomaly);
  Series out{score.name + " " + fixed(score.auroc, 3), {}, {}};
  const auto n = all.false_positive.size();
  // Thousands of steps look like hundreds.
  const auto stride = std::max<std::size_t>(1, n / kCurvePoints);
  for (std::size_t i = 0; i < n; ++i) {
    if (i % stride != 0 && i + 1 != n) continue;
    out.x.push_back(all.false_positive[i]);
    out.y.push_back(all.true_positive[i]);
  }
  return out;
}

}  // namespace

std::string score_histogram(const JudgedScore& score, const torch::Tensor& anomaly) {
  Histogram plot;
  plot.frame.x_label = "score: " + score.name;
  plot.frame.y_label = "share of the examples";
  if (anomaly.defined()) {
    plot.sets = {{"normal", list_of(score.scores.masked_select(anomaly.logical_not()))},
                 {"anomalies", list_of(score.scores.masked_select(anomaly))}};
  } else {
    plot.sets = {{"", list_of(score.scores)}};
  }
  plot.marks = {{"threshold", score.threshold}};
  return histogram(plot);
}

std::string roc_plot(const AnomalyJudgement& judged, const torch::Tensor& anomaly,
                     int64_t code_dim) {
  LinePlot plot;
  plot.frame = {"", "share of the normal examples flagged", "share of the anomalies found", 490,
                380};
  for (const auto& score : judged.model) plot.series.push_back(curve_of(score, anomaly));
  for (const auto& score : judged.trivial)
    if (score.name == "pca_" + std::to_string(code_dim) || score.name == "nearest")
      plot.series.push_back(curve_of(score, anomaly));
  return line_plot(plot);
}

HtmlTable anomaly_table(const AnomalyJudgement& judged) {
  HtmlTable table{{"score", "AUROC", "average precision", "F1", "precision", "recall",
                   "normal flagged", "threshold"},
                  {}};
  const auto add = [&](const JudgedScore& score, const std::string& prefix) {
    const auto& at = score.flagging;
    table.rows.push_back({prefix + score.name, fixed(score.auroc, 4),
                          fixed(score.average_precision, 4), fixed(at.f1, 4),
                          fixed(at.precision, 4), fixed(at.recall, 4),
                          fixed(at.false_positive_rate, 4), significant(score.threshold, 4)});
  };
  for (const auto& score : judged.model) add(score, "");
  for (const auto& score : judged.trivial) add(score, "baseline ");
  return table;
}

std::string threshold_sentence(const JudgedScore& score, bool known) {
  std::string text = "Threshold: what " + fixed(100 * kAnomalyQuantile, 0) +
                     " % of the training examples stay below, " + significant(score.threshold, 5) +
                     ".";
  if (known)
    text += " Of the normal examples here, which the model has not seen, " +
            fixed(100 * score.flagging.false_positive_rate, 1) +
            " % lie above it; of the anomalies " + fixed(100 * score.flagging.recall, 1) + " %.";
  return text;
}

}  // namespace figment
