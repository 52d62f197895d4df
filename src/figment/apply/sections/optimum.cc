// The learned discriminator beside the best one there is, on sets of one or two numbers whose true
// density is known; and what the game comes to. Goodfellow et al., "Generative adversarial nets",
// 2014 (GAN below).
#include <algorithm>
#include <cmath>
#include <string>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/core/json_lines.h"
#include "figment/data/image_codec.h"
#include "figment/data/toy.h"
#include "figment/eval/bins.h"
#include "figment/model/discriminates.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kSamples = 200000;
constexpr int64_t kLineSide = 120, kPlaneSide = 60;  // bins along an axis
constexpr int64_t kPixels = 4;                       // of a bin, along each side
constexpr double kSeen = 2e-5;  // probability of a bin below which the samples say nothing of D*

// What both sides do on the bins, outside left out: [k] double each.
struct Played {
  Bins bins;
  torch::Tensor truth, made;    // probabilities
  torch::Tensor best, learned;  // D* and D
  double divergence = 0, value = 0;
};

// One-sided smoothing teaches D that the true are so with a probability of 1 less it.
double smoothing_of(const Value& config) {
  const auto* value = config.find("label_smoothing");
  const auto* number = value == nullptr ? nullptr : value->as<double>();
  return number == nullptr ? 0 : *number;
}

Played play(ReportContext& context, Discriminates& able) {
  Played out;
  const auto& source = context.run.recipe.data.source;
  out.bins = bins_about(context.data.train.x, toy_dims(source) == 1 ? kLineSide : kPlaneSide);
  SampleOptions options;
  options.n = kSamples;
  options.batch_size = 10000;
  const auto samples = context.run.scaling.to_data(sample(context.run, options));
  const auto truth =
      out.bins.integrals([&](const torch::Tensor& x) { return *toy_log_density(source, x); });
  const auto made = out.bins.shares(samples);
  out.divergence = jensen_shannon(truth, made);
  out.truth = truth.slice(0, 0, -1);
  out.made = made.slice(0, 0, -1);
  const double kept = 1 - smoothing_of(context.run.recipe.model);
  out.best = kept * out.truth / (out.truth + out.made);  // GAN eq. 2
  const auto score = [&](const torch::Tensor& x) {
    Batch batch;
    batch.x = context.run.scaling.to_model(x.to(torch::kFloat)).to(context.run.device());
    return able.scores(batch).to(torch::kCPU, torch::kDouble);
  };
  out.learned = torch::sigmoid(score(out.bins.middles()));
  const auto of_truth = score(context.shown.x), of_made = score(samples);
  out.value = (torch::log_sigmoid(of_truth).mean() + torch::log_sigmoid(-of_made).mean())
                  .item<double>();  // GAN eq. 1
  return out;
}

Series series_of(const char* name, const torch::Tensor& x, const torch::Tensor& y) {
  const auto at = x.contiguous(), values = y.to(torch::kDouble).contiguous();
  return {name,
          {at.data_ptr<double>(), at.data_ptr<double>() + at.numel()},
          {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()}};
}

void show_line(ReportContext& context, const Played& played) {
  const auto x = played.bins.middles().flatten();
  const double bin = played.bins.width / static_cast<double>(played.bins.side);
  LinePlot densities;
  densities.frame = {"Densities", "x", ""};
  densities.series = {series_of("true", x, played.truth / bin),
                      series_of("made", x, played.made / bin)};
  context.page.plot(line_plot(densities),
                    "The true density and that of " + with_commas(kSamples) + " made examples.");
  LinePlot discriminators;
  discriminators.frame = {"Discriminators", "x", "D(x)"};
  // Where neither is, D* is a matter of a few samples.
  const auto seen = played.truth + played.made > kSeen;
  discriminators.series = {series_of("best", x, played.best.masked_fill(seen.logical_not(), NAN)),
                           series_of("learned", x, played.learned)};
  context.page.plot(line_plot(discriminators),
                    "The best discriminator for these densities, D* = p / (p + q), and the learned "
                    "one.");
}

void show_plane(ReportContext& context, const Played& played) {
  const auto picture = [&](const torch::Tensor& values, const std::string& caption) {
    const auto image = values.view({1, kPlaneSide, kPlaneSide})
                           .repeat_interleave(kPixels, 1)
                           .repeat_interleave(kPixels, 2);
    context.page.image(encode_png(to_uint8(image)), caption, 1);
  };
  const auto density = [&](const torch::Tensor& probability) {
    return 1 - (probability / played.truth.max()).clamp(0, 1).sqrt();
  };
  picture(density(played.truth), "The true density; black is the highest.");
  picture(density(played.made), "That of " + with_commas(kSamples) + " made examples.");
  const auto unseen = played.truth + played.made <= kSeen;
  picture(played.best.masked_fill(unseen, 0.5),
          "The best discriminator for these, D* = p / (p + q): white where an example is surely "
          "true, black where made, grey at 1/2 and where neither is.");
  picture(played.learned.masked_fill(unseen, 0.5), "The learned one at the same places.");
}

// From the validations: what the discriminator knew of the divergence, and D on both kinds.
void show_course(ReportContext& context) {
  Series bound, truth, made;
  bound.name = "(log 4 - its loss) / 2";
  truth.name = "on true examples";
  made.name = "on made examples";
  const auto add = [](Series& to, double step, const nlohmann::json& line, const char* key,
                      auto&& of) {
    const auto found = line.find(key);
    if (found == line.end() || !found->is_number()) return;
    to.x.push_back(step);
    to.y.push_back(of(found->template get<double>()));
  };
  for (const auto& line : read_json_lines(context.folder / "metrics.jsonl")) {
    const double step = line.value("step", 0.0);
    add(bound, step, line, "validation/discriminator_loss",
        [](double loss) { return (std::log(4) - loss) / 2; });
    add(truth, step, line, "validation/true_score", [](double d) { return d; });
    add(made, step, line, "validation/made_score", [](double d) { return d; });
  }
  if (bound.x.size() < 2) return;
  const std::vector<double> ends = {bound.x.front(), bound.x.back()};
  LinePlot divergence;
  divergence.frame = {"Divergence known to the discriminator", "step", "nats"};
  divergence.series = {bound, {"none", ends, {0, 0}}};
  context.page.plot(line_plot(divergence),
                    "A lower bound of the Jensen-Shannon divergence by each discriminator, which "
                    "the best one reaches (GAN, theorem 1).");
  LinePlot means;
  means.frame = {"Mean of D", "step", "D"};
  means.series = {truth, made, {"1/2", ends, {0.5, 0.5}}};
  context.page.plot(line_plot(means),
                    "Where both come to 1/2, made examples cannot be told from true ones.");
}

void write(ReportContext& context) {
  auto* able = context.able<Discriminates>();
  auto* samples = context.able<Samples>();
  if (able == nullptr || samples == nullptr || samples->knows_classes() ||
      !toy_has_density(context.run.recipe.data.source) || context.shown.size() == 0)
    return;
  if (able->game() != AdversarialLoss::kNonSaturating && able->game() != AdversarialLoss::kMinimax)
    return;  // there D is not a probability
  context.run.model->eval();
  const auto played = play(context, *able);
  context.page.section("The discriminator beside the best one");
  const auto weight = (played.truth + played.made) / 2;
  const double apart =
      ((played.best - played.learned).abs().nan_to_num(0) * weight).sum().item<double>();
  context.page.paragraph(
      "By shares of " + with_commas(played.truth.size(0)) + " bins, made examples are " +
      significant(played.divergence, 3) +
      " nats of Jensen-Shannon divergence from the true density (0: the same; log 2 = 0.693: "
      "nothing in common). With the best discriminator the value of the game is -log 4 plus twice "
      "that, " +
      significant(-std::log(4) + 2 * played.divergence, 4) + "; the learned one reaches " +
      significant(played.value, 4) + " on the " + context.part +
      " part, and the equilibrium is at -log 4 = -1.386. Over true and made examples the two "
      "discriminators differ by " +
      significant(apart, 2) + " on average.");
  if (played.bins.dims() == 1)
    show_line(context, played);
  else
    show_plane(context, played);
  show_course(context);
}

}  // namespace

extern const Section optimum;
const Section optimum = {32, &write};

}  // namespace figment::sections
