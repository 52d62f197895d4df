#include "figment/apply/discriminator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "figment/core/error.h"
#include "figment/data/image_codec.h"
#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment {
namespace {

constexpr double kFewest = 4;          // examples in a bin, to tell D* there
constexpr int64_t kPictureSide = 240;  // pixels
constexpr std::array<int64_t, 3> kBlue = {63, 144, 218}, kOrange = {255, 169, 14};

Discriminates& judge_of(const LoadedRun& run) {
  auto* able = dynamic_cast<Discriminates*>(run.model.get());
  FIGMENT_CHECK(able != nullptr);
  return *able;
}

bool takes_label(const LoadedRun& run) {
  const auto* samples = dynamic_cast<const Samples*>(run.model.get());
  return samples != nullptr && samples->knows_classes();
}

Series series_over(const Bins& bins, const char* name, const torch::Tensor& values) {
  const auto at = bins.middles().flatten().contiguous();
  const auto y = values.to(torch::kDouble).contiguous();
  return {name,
          {at.data_ptr<double>(), at.data_ptr<double>() + at.numel()},
          {y.data_ptr<double>(), y.data_ptr<double>() + y.numel()}};
}

void paint(const torch::Tensor& colours, const torch::Tensor& where,
           const std::array<int64_t, 3>& rgb) {
  for (int64_t c = 0; c < 3; ++c) colours[c].masked_fill_(where, rgb[static_cast<std::size_t>(c)]);
}

}  // namespace

bool has_best(AdversarialLoss game) {
  return has_log_odds(game) || game == AdversarialLoss::kLeastSquares;
}

double label_of_true(const Value& config) {
  const auto* value = config.find("label_smoothing");
  const auto* number = value == nullptr ? nullptr : value->as<double>();
  return number == nullptr ? 1 : 1 - *number;
}

torch::Tensor scores_by(const LoadedRun& run, const torch::Tensor& x, int64_t label) {
  Batch batch;
  batch.x = run.scaling.to_model(x.to(torch::kFloat)).to(run.device());
  if (takes_label(run))
    batch.label = torch::full({x.size(0)}, label, torch::kLong).to(run.device());
  return judge_of(run).scores(batch).to(torch::kCPU, torch::kDouble);
}

torch::Tensor taken_for_true(AdversarialLoss game, const torch::Tensor& scores) {
  return has_log_odds(game) ? torch::sigmoid(scores) : scores;
}

bool is_told_classes(const LoadedRun& run, const torch::Tensor& x) {
  const auto classes = static_cast<int64_t>(run.example().classes.size());
  if (!takes_label(run) || classes < 2) return false;
  const auto first = scores_by(run, x);
  for (int64_t k = 1; k < classes; ++k)
    if (!torch::equal(scores_by(run, x, k), first)) return true;
  return false;
}

Discriminators beside_best(const LoadedRun& run, const Bins& bins, const torch::Tensor& truth,
                           const torch::Tensor& made, int64_t examples, int64_t label) {
  Discriminators out;
  out.bins = bins;
  out.truth = truth.slice(0, 0, -1);
  out.made = made.slice(0, 0, -1);
  const auto both = out.truth + out.made;
  out.best = label_of_true(run.recipe.model) * out.truth / both;  // GAN eq. 2, LSGAN eq. 5
  out.learned = taken_for_true(judge_of(run).game(), scores_by(run, bins.middles(), label));
  out.seen = both > kFewest / static_cast<double>(examples);
  const auto distance = (out.best - out.learned).abs().nan_to_num(0);  // NaN where neither is
  out.apart = (distance * both / 2).sum().item<double>();
  return out;
}

std::string plot_of(const Discriminators& both) {
  LinePlot plot;
  plot.frame = {"Discriminators", "x", "D(x)"};
  // Where neither is, D* is a matter of a few samples.
  plot.series = {
      series_over(both.bins, "best", both.best.masked_fill(both.seen.logical_not(), NAN)),
      series_over(both.bins, "learned", both.learned)};
  return line_plot(plot);
}

std::string picture_of(const Bins& bins, const torch::Tensor& values) {
  const auto pixels = std::max<int64_t>(1, kPictureSide / bins.side);  // of a bin
  return encode_png(to_uint8(values)
                        .view({-1, bins.side, bins.side})
                        .repeat_interleave(pixels, 1)
                        .repeat_interleave(pixels, 2));
}

ScoreMap map_of(const LoadedRun& run, const Bins& bins, int64_t label) {
  const auto game = judge_of(run).game();
  const auto scores = scores_by(run, bins.middles(), label);
  const double low = scores.min().item<double>(), high = scores.max().item<double>();
  const auto grey =
      has_best(game) ? taken_for_true(game, scores) : (scores - low) / std::max(high - low, 1e-12);
  ScoreMap out;
  out.colours = to_uint8(grey).repeat({3, 1});
  if (has_log_odds(game))
    out.said =
        "D(x), the probability that x is a true example, as the discriminator has it: white is 1, "
        "grey 1/2, black 0.";
  else if (has_best(game))
    out.said =
        "Scores, which are to be the probability that x is a true example: white is 1 and above, "
        "grey 1/2, black 0 and below.";
  else
    out.said = "Scores, which in this game are no probabilities: black is the lowest here, " +
               significant(low, 3) + ", white the highest, " + significant(high, 3) +
               ", where examples are taken for true.";
  return out;
}

void lay_over(ScoreMap& map, const Bins& bins, const torch::Tensor& truth,
              const torch::Tensor& made) {
  const auto held = [&](const torch::Tensor& points) {
    return bins.shares(points).slice(0, 0, -1) > 0;
  };
  if (truth.size(0) > 0) paint(map.colours, held(truth), kBlue);
  if (made.size(0) > 0) paint(map.colours, held(made), kOrange);
}

}  // namespace figment
