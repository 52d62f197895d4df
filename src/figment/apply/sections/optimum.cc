// The learned discriminator beside the best one there is, on sets of one or two numbers whose true
// density is known; and what the game comes to. Goodfellow et al., "Generative adversarial nets",
// 2014 (GAN below); Mao et al. 2017 (LSGAN). On other sets of points in the plane, and in games
// that have no such best one, a map of the learned one alone. Of discriminators that are told no
// class; optimum_by_class.cc has the others.
#include <cmath>
#include <string>

#include "figment/apply/discriminator.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/toy.h"
#include "figment/model/discriminates.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/js_watch.h"

namespace figment::sections {
namespace {

constexpr int64_t kSamples = 200000;
constexpr int64_t kLineSide = 120, kPlaneSide = 60;  // bins along an axis
constexpr int64_t kMapSide = 120;                    // of the map of a discriminator alone
constexpr int64_t kLaid = 500;                       // examples of each kind laid over it
constexpr int64_t kAsked = 100;                      // whether it is told classes

torch::Tensor samples_of(const ReportContext& context, int64_t n) {
  SampleOptions options;
  options.n = n;
  options.batch_size = 10000;
  return context.run.scaling.to_data(sample(context.run, options));
}

// The loss of both on average, as they play: what D minimises, at D* and as learned.
std::string tell_losses(AdversarialLoss game, const torch::Tensor& truth, const torch::Tensor& made,
                        double divergence, double learned, const std::string& part) {
  if (has_log_odds(game))
    return "With the best discriminator the value of the game is -log 4 plus twice that, " +
           significant(-std::log(4) + 2 * divergence, 4) + "; the learned one reaches " +
           significant(-learned, 4) + " on the " + part +
           " part, and the equilibrium is at -log 4 = -1.386.";  // GAN eq. 1, theorem 1
  // (D* - 1)^2 p / 2 + D*^2 q / 2 = p q / (p + q) / 2, which is 1/4 where p = q: LSGAN eq. 2 at 5.
  const double best = 0.5 * (truth * made / (truth + made)).nan_to_num(0).sum().item<double>();
  return "With the best discriminator its loss is half the integral of p q / (p + q), " +
         significant(best, 4) + "; the learned one has " + significant(learned, 4) + " on the " +
         part + " part, and the equilibrium is at 1/4.";
}

void show_line(ReportContext& context, const Discriminators& both) {
  const auto x = both.bins.middles().flatten();
  const double bin = both.bins.width / static_cast<double>(both.bins.side);
  LinePlot densities;
  densities.frame = {"Densities", "x", ""};
  for (const auto& [name, shares] :
       {std::pair{"true", both.truth / bin}, std::pair{"made", both.made / bin}}) {
    Series series;
    series.name = name;
    for (int64_t i = 0; i < x.size(0); ++i) {
      series.x.push_back(x[i].item<double>());
      series.y.push_back(shares[i].item<double>());
    }
    densities.series.push_back(std::move(series));
  }
  context.page.plot(line_plot(densities),
                    "The true density and that of " + with_commas(kSamples) + " made examples.");
  context.page.plot(plot_of(both),
                    "The best discriminator for these densities, D* = p / (p + q), and the learned "
                    "one.");
}

void show_plane(ReportContext& context, const Discriminators& both) {
  const auto picture = [&](const torch::Tensor& values, const std::string& caption) {
    context.page.image(picture_of(both.bins, values), caption, 1);
  };
  const auto density = [&](const torch::Tensor& probability) {
    return 1 - (probability / both.truth.max()).clamp(0, 1).sqrt();
  };
  picture(density(both.truth), "The true density; black is the highest.");
  picture(density(both.made), "That of " + with_commas(kSamples) + " made examples.");
  const auto unseen = both.seen.logical_not();
  picture(both.best.masked_fill(unseen, 0.5),
          "The best discriminator for these, D* = p / (p + q): white where an example is surely "
          "true, black where made, grey at 1/2 and where neither is.");
  picture(both.learned.masked_fill(unseen, 0.5), "The learned one at the same places.");
}

void show_beside_best(ReportContext& context, AdversarialLoss game) {
  const auto& source = context.run.recipe.data.source;
  const auto bins =
      bins_about(context.data.train.x, toy_dims(source) == 1 ? kLineSide : kPlaneSide);
  const auto samples = samples_of(context, kSamples);
  const auto truth =
      bins.integrals([&](const torch::Tensor& x) { return *toy_log_density(source, x); });
  const auto made = bins.shares(samples);
  const auto both = beside_best(context.run, bins, truth, made, kSamples);
  const double divergence = jensen_shannon(truth, made);
  const auto loss = loss_of_true(game, scores_by(context.run, context.shown.x)) +
                    loss_of_made(game, scores_by(context.run, samples));
  context.page.section("The discriminator beside the best one");
  context.page.paragraph(
      "By shares of " + with_commas(both.truth.size(0)) + " bins, made examples are " +
      significant(divergence, 3) +
      " nats of Jensen-Shannon divergence from the true density (0: the same; log 2 = 0.693: "
      "nothing in common). " +
      tell_losses(game, truth, made, divergence, loss.item<double>(), context.part) +
      " Over true and made examples the two discriminators differ by " +
      significant(both.apart, 2) + " on average.");
  if (bins.dims() == 1)
    show_line(context, both);
  else
    show_plane(context, both);
}

void show_map(ReportContext& context) {
  const auto bins = bins_about(context.data.train.x, kMapSide);
  auto map = map_of(context.run, bins);
  context.page.section("The discriminator over the plane");
  context.page.image(picture_of(bins, map.colours), map.said, 1);
  lay_over(map, bins, context.shown.first(kLaid).x, samples_of(context, kLaid));
  context.page.image(
      picture_of(bins, map.colours),
      "The same under examples of the " + context.part + " part (blue) and made ones (orange).", 1);
}

void write(ReportContext& context) {
  const auto* able = context.able<Discriminates>();
  const auto& example = context.run.example();
  if (able == nullptr || context.able<Samples>() == nullptr || context.shown.size() == 0 ||
      context.data.train.size() < 2 || example.modality != Modality::kVector ||
      example.elements() > 2)
    return;
  context.run.model->eval();
  if (is_told_classes(context.run, context.shown.first(kAsked).x)) return;
  if (has_best(able->game()) && has_known_density(context.run.recipe.data, example))
    show_beside_best(context, able->game());
  else if (example.elements() == 2)
    show_map(context);
}

}  // namespace

extern const Section optimum;
const Section optimum = {32, &write};

}  // namespace figment::sections
