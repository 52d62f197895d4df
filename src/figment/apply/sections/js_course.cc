// How far what is made was from the true density over the training, as it was measured, and as the
// discriminator knew it: Goodfellow et al., "Generative adversarial nets", 2014, section 4.1.
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "figment/apply/discriminator.h"
#include "figment/apply/section.h"
#include "figment/core/json_lines.h"
#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/js_watch.h"

namespace figment::sections {
namespace {

constexpr int64_t kJudged = 100;  // whether the discriminator is told classes

void follow(Series& to, const nlohmann::json& line, const char* key, double factor, double shift) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_number()) return;
  to.x.push_back(line.value("step", 0.0));
  to.y.push_back(factor * found->get<double>() + shift);
}

void write(ReportContext& context) {
  const auto* able = context.able<Discriminates>();
  const auto file = context.folder / "metrics.jsonl";
  const auto& data = context.run.recipe.data;
  std::error_code none;
  if (able == nullptr || context.able<Samples>() == nullptr ||
      !has_known_density(data, context.run.example()) || !std::filesystem::exists(file, none))
    return;
  Series measured, bound;
  measured.name = "measured";
  bound.name = "(log 4 - loss of the discriminator) / 2";
  for (const auto& line : read_json_lines(file)) {
    follow(measured, line, "validation/js_divergence", 1, 0);
    // At D* the loss is log 4 - 2 JSD, and there is none lower: GAN, theorem 1.
    if (has_log_odds(able->game()))
      follow(bound, line, "validation/discriminator_loss", -0.5, std::log(4) / 2);
  }
  if (measured.x.size() < 2) return;
  const std::vector<double> ends = {measured.x.front(), measured.x.back()};
  const double chance = js_divergence_of_truth(data.source);
  LinePlot plot;
  plot.frame = {"Jensen-Shannon divergence", "step", "nats"};
  plot.series.push_back(measured);
  plot.series.push_back({"as many true points", ends, {chance, chance}});
  if (!bound.x.empty()) plot.series.push_back(bound);
  plot.series.push_back({"0", ends, {0, 0}});
  std::string said =
      "Of made examples from the true density, measured at each validation by 10,000 of them in "
      "equal bins; as many true points come to " +
      significant(chance, 2) + " by chance.";
  if (!bound.x.empty()) {
    said += " What the discriminator knows of it is a lower bound that the best one reaches.";
    context.run.model->eval();
    if (context.shown.size() > 0 && is_told_classes(context.run, context.shown.first(kJudged).x))
      said +=
          " Told the class, it bounds the mean divergence within classes, which may be larger than "
          "that of all together.";
  }
  context.page.section("The divergence over the training");
  context.page.plot(line_plot(plot), said);
}

}  // namespace

extern const Section js_course;
const Section js_course = {34, &write};

}  // namespace figment::sections
