// A discriminator that is told the class, beside the best one of each class: D*(x | y) = p(x | y) /
// (p(x | y) + q(x | y)), which is GAN eq. 2 (Goodfellow et al. 2014) with a condition (Mirza &
// Osindero 2014). For points on a line or in a plane; where nothing is known of the true density of
// a class, or the game has no such best one, maps of the learned one alone.
#include <algorithm>
#include <string>

#include "figment/apply/discriminator.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/toy.h"
#include "figment/model/discriminates.h"
#include "figment/report/markup.h"

namespace figment::sections {
namespace {

constexpr int64_t kMostClasses = 4;  // that are drawn
constexpr int64_t kOfClass = 50000;  // points of a class, true and made
constexpr int64_t kLineBins = 60, kPlaneBins = 30, kMapBins = 120;  // along an axis
constexpr int64_t kLaidOver = 500;               // examples of each kind laid over a map
constexpr int64_t kAskedOf = 100;                // whether it is told classes
constexpr std::uint64_t kSeedOfPoints = 0x6a73;  // no set is drawn with this seed

// Points of the set itself with their classes, about kOfClass of each: its own formula says what is
// true, where the training part has but a finite number. Empty of other sets than the toy ones.
Dataset fresh_points(const ReportContext& context) {
  const auto& data = context.run.recipe.data;
  const auto& example = context.run.example();
  if (!is_toy(data.source) || !data.log1p.empty()) return {};
  const auto classes = static_cast<int64_t>(example.classes.size());
  auto out = toy_points(data.source, kSeedOfPoints, 0, kOfClass * classes);
  const bool same = out.spec.shape == example.shape && out.spec.classes == example.classes;
  return same ? out : Dataset{};
}

torch::Tensor points_of(const Dataset& set, int64_t label) {
  return set.x.index_select(0, (set.label == label).nonzero().flatten());
}

torch::Tensor made_of(const ReportContext& context, int64_t label, int64_t n) {
  SampleOptions options;
  options.n = n;
  options.label = label;
  options.batch_size = 10000;
  return context.run.scaling.to_data(sample(context.run, options));
}

void show_beside_best(ReportContext& context, const std::string& name, int64_t label,
                      const torch::Tensor& points) {
  const auto bins = bins_about(points, points.size(1) == 1 ? kLineBins : kPlaneBins);
  const auto made = bins.shares(made_of(context, label, kOfClass));
  const auto truth = bins.shares(points);
  const auto both =
      beside_best(context.run, bins, truth, made, std::min(kOfClass, points.size(0)), label);
  const auto said = "class " + name + ": " + significant(jensen_shannon(truth, made), 3) +
                    " nats of Jensen-Shannon divergence; the two discriminators differ by " +
                    significant(both.apart, 2) + " on average.";
  if (bins.dims() == 1) {
    context.page.plot(plot_of(both), "Given the " + said);
    return;
  }
  const auto unseen = both.seen.logical_not();
  context.page.image(picture_of(bins, both.best.masked_fill(unseen, 0.5)),
                     "The best one given the " + said, 1);
  context.page.image(picture_of(bins, both.learned.masked_fill(unseen, 0.5)),
                     "The learned one at the same places.", 1);
}

void show_map(ReportContext& context, const std::string& name, int64_t label) {
  const auto bins = bins_about(context.data.train.x, kMapBins);
  auto map = map_of(context.run, bins, label);
  Dataset shown = context.shown;
  if (shown.label.defined()) shown.x = points_of(shown, label);
  lay_over(map, bins, shown.x.slice(0, 0, kLaidOver), made_of(context, label, kLaidOver));
  context.page.image(picture_of(bins, map.colours),
                     "Given the class " + name + ", under its examples of the " + context.part +
                         " part (blue) and made ones (orange). " + map.said,
                     1);
}

void write(ReportContext& context) {
  const auto* able = context.able<Discriminates>();
  const auto& example = context.run.example();
  if (able == nullptr || context.able<Samples>() == nullptr || context.shown.size() == 0 ||
      context.data.train.size() < 2 || example.modality != Modality::kVector ||
      example.elements() > 2)
    return;
  context.run.model->eval();
  if (!is_told_classes(context.run, context.shown.first(kAskedOf).x)) return;
  const auto fresh = has_best(able->game()) ? fresh_points(context) : Dataset{};
  if (fresh.size() == 0 && example.elements() == 1) return;
  const auto classes = static_cast<int64_t>(example.classes.size());
  context.page.section("The discriminator given the class");
  std::string said;
  if (fresh.size() > 0)
    said =
        "The best discriminator that is told the class y of x is D*(x | y) = p(x | y) / (p(x | "
        "y) + q(x | y)), here by shares of bins about the class: p of about " +
        with_commas(kOfClass) + " fresh points of the set, q of " + with_commas(kOfClass) +
        " made ones. White is 1, black 0, grey 1/2 and where there are none. ";
  if (classes > kMostClasses)
    said += "Shown are the first " + std::to_string(kMostClasses) + " of " +
            std::to_string(classes) + " classes.";
  if (!said.empty()) context.page.paragraph(said);
  for (int64_t k = 0; k < std::min(classes, kMostClasses); ++k) {
    const auto& name = example.classes[static_cast<std::size_t>(k)];
    const auto points = fresh.size() > 0 ? points_of(fresh, k) : torch::Tensor();
    if (points.defined() && points.size(0) > 1)
      show_beside_best(context, name, k, points);
    else if (example.elements() == 2)
      show_map(context, name, k);
  }
}

}  // namespace

extern const Section optimum_by_class;
const Section optimum_by_class = {33, &write};

}  // namespace figment::sections
