// The learned discriminator beside the best one there is, on sets of one or two numbers whose true
// density is known; and what the game comes to. Goodfellow et al., "Generative adversarial nets",
// 2014 (GAN below). On other sets of points in the plane, and in games whose scores are no
// probabilities, a map of the learned one alone.
#include <algorithm>
#include <array>
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
constexpr int64_t kMapSide = 120, kMapPixels = 2;  // of the map of a discriminator alone
constexpr int64_t kLaid = 500;                     // examples of each kind laid over it
constexpr std::array<int64_t, 3> kBlue = {63, 144, 218}, kOrange = {255, 169, 14};

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

// Scores [n] double of examples [n, d] in the data's numbers.
torch::Tensor scores_of(ReportContext& context, Discriminates& able, const torch::Tensor& x) {
  Batch batch;
  batch.x = context.run.scaling.to_model(x.to(torch::kFloat)).to(context.run.device());
  return able.scores(batch).to(torch::kCPU, torch::kDouble);
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
  out.learned = torch::sigmoid(scores_of(context, able, out.bins.middles()));
  const auto of_truth = scores_of(context, able, context.shown.x);
  const auto of_made = scores_of(context, able, samples);
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

// Whether D = s(score) is the probability that an example is true.
bool has_probabilities(const Discriminates& able) {
  return able.game() == AdversarialLoss::kNonSaturating || able.game() == AdversarialLoss::kMinimax;
}

// Bins of a map [3, bins] that hold any of the points [n, 2] get a colour.
void lay_over(const torch::Tensor& map, const Bins& bins, const torch::Tensor& points,
              const std::array<int64_t, 3>& colour) {
  const auto held = bins.shares(points).slice(0, 0, -1) > 0;
  for (int64_t c = 0; c < 3; ++c) map[c].masked_fill_(held, colour[static_cast<std::size_t>(c)]);
}

// D, or the scores where they are no probabilities, over the plane of the training data.
void show_map(ReportContext& context, Discriminates& able) {
  const auto bins = bins_about(context.data.train.x, kMapSide);
  const auto scores = scores_of(context, able, bins.middles());
  const double low = scores.min().item<double>(), high = scores.max().item<double>();
  const bool probabilities = has_probabilities(able);
  const auto grey =
      probabilities ? torch::sigmoid(scores) : (scores - low) / std::max(high - low, 1e-12);
  const auto map = to_uint8(grey).repeat({3, 1});  // [3, bins]
  const auto picture = [&](const std::string& caption) {
    const auto pixels = map.view({3, kMapSide, kMapSide})
                            .repeat_interleave(kMapPixels, 1)
                            .repeat_interleave(kMapPixels, 2);
    context.page.image(encode_png(pixels), caption, 1);
  };
  context.page.section("The discriminator over the plane");
  picture(probabilities
              ? "D(x), the probability that x is a true example, as the discriminator has it: "
                "white is 1, grey 1/2, black 0."
              : "Scores, which in this game are no probabilities: black is the lowest here, " +
                    significant(low, 3) + ", white the highest, " + significant(high, 3) +
                    ", where examples are taken for true.");
  SampleOptions options;
  options.n = kLaid;
  lay_over(map, bins, context.shown.first(kLaid).x, kBlue);
  lay_over(map, bins, context.run.scaling.to_data(sample(context.run, options)), kOrange);
  picture("The same under examples of the " + context.part +
          " part (blue) and made ones (orange).");
}

void show_beside_best(ReportContext& context, Discriminates& able) {
  const auto played = play(context, able);
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

void write(ReportContext& context) {
  auto* able = context.able<Discriminates>();
  auto* samples = context.able<Samples>();
  if (able == nullptr || samples == nullptr || samples->knows_classes() ||
      context.shown.size() == 0)
    return;
  context.run.model->eval();
  const auto& example = context.run.example();
  if (has_probabilities(*able) && toy_has_density(context.run.recipe.data.source))
    show_beside_best(context, *able);
  else if (example.modality == Modality::kVector && example.shape == std::vector<int64_t>{2} &&
           context.data.train.size() > 1)
    show_map(context, *able);
}

}  // namespace

extern const Section optimum;
const Section optimum = {32, &write};

}  // namespace figment::sections
