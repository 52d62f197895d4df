// The curves of the training.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "figment/apply/discriminator.h"
#include "figment/apply/section.h"
#include "figment/core/json_lines.h"
#include "figment/model/discriminates.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/game_guard.h"

namespace figment::sections {
namespace {

// "loss" -> {"train": curve, "validation": curve}
using Curves = std::map<std::string, std::map<std::string, Series>>;

// Metrics of two sides that say something beside one another; the first is always there where any
// is.
struct Together {
  const char* title;
  std::vector<const char*> names;
};

const std::vector<Together>& all_together() {
  static const std::vector<Together> all = {
      {"Losses of both sides", {"discriminator_loss", "generator_loss", "encoder_loss"}},
      {"Losses of both sides", {"true_loss", "made_loss", "fooling_loss"}},
      {"Score of true and of made examples", {"true_score", "made_score"}},
      {"Both errors, and the convergence", {"true_error", "made_error", "convergence"}},
      {"k, the weight of made examples", {"balance"}}};
  return all;
}

// A level from the first step of the curves to the last, unless it is NaN.
void add_level(LinePlot& plot, const std::string& name, double level) {
  if (!std::isfinite(level)) return;
  double first = INFINITY, last = -INFINITY;
  for (const auto& series : plot.series)
    for (const double x : series.x) {
      first = std::min(first, x);
      last = std::max(last, x);
    }
  plot.series.push_back({name, {first, last}, {level, level}});
}

// Where a game stands when its discriminator cannot tell true from made examples.
void add_even(LinePlot& plot, const ReportContext& context, const std::string& name) {
  const auto* able = context.able<Discriminates>();
  if (able == nullptr) return;
  if (name == "discriminator_loss") {
    const double level = loss_of_ignorance(able->game());
    add_level(plot, "the discriminator's, knowing nothing: " + significant(level, 3), level);
  }
  if (name == "true_score" && has_best(able->game())) {
    const double level = label_of_true(context.run.recipe.model) / 2;
    add_level(plot, level == 0.5 ? "1/2" : significant(level, 3), level);
  }
}

void draw_together(ReportContext& context, Curves& plots, const Together& some,
                   const std::function<std::string(const std::string&)>& title) {
  LinePlot plot;
  const std::string first = some.names.front();
  for (const auto* name : some.names) {
    const auto found = plots.find(title(name));
    if (found == plots.end()) {
      if (name == first) return;
      continue;
    }
    for (auto& [part, series] : found->second) {
      series.name = std::string(name) + ", " + part;
      plot.series.push_back(std::move(series));
    }
    plots.erase(found);
  }
  const auto* able = context.able<Discriminates>();
  const bool is_probability =
      first == "true_score" && able != nullptr && has_log_odds(able->game());
  plot.frame = {title(is_probability ? "D on true and on made examples" : some.title), "step", "",
                490, 340};
  add_even(plot, context, first);
  context.page.plot(line_plot(plot));
}

void write(ReportContext& context) {
  // The losses of different stages do not compare: each stage has plots of its own.
  const auto stages = context.run.model->stages(context.run.recipe.train.epochs);
  const auto title = [&](const std::string& name, std::size_t stage) {
    return stages.size() < 2 || stage >= stages.size() ? name : name + ", " + stages[stage].name;
  };
  Curves plots;
  for (const auto& line : read_json_lines(context.folder / "metrics.jsonl")) {
    for (const auto& [key, value] : line.items()) {
      const auto slash = key.find('/');
      if (slash == std::string::npos || !value.is_number()) continue;
      const auto group = key.substr(0, slash), rest = key.substr(slash + 1);
      const bool metric = group == "train" || group == "validation";
      const auto plot = title(metric ? rest : group, line.value("stage", std::size_t{0}));
      auto& series = plots[plot][metric ? group : rest];
      series.name = metric ? group : rest;
      series.x.push_back(line.value("step", 0.0));
      series.y.push_back(value.get<double>());
    }
  }
  // js_course.cc draws it, once there are two.
  const auto measured = plots.find("js_divergence");
  if (measured != plots.end() && measured->second["validation"].x.size() > 1) plots.erase(measured);
  if (plots.empty()) return;
  context.page.section("Training");
  const auto draw = [&](const std::string& name) {
    const auto found = plots.find(name);
    if (found == plots.end()) return;
    LinePlot plot;
    plot.frame = {name, "step", "", 460, 300};
    for (auto& [key, series] : found->second) plot.series.push_back(series);
    context.page.plot(line_plot(plot));
    plots.erase(found);
  };
  for (std::size_t i = 0; i < stages.size(); ++i) draw(title("loss", i));
  for (std::size_t i = 0; i < stages.size(); ++i)
    for (const auto& some : all_together())
      draw_together(context, plots, some, [&](const std::string& name) { return title(name, i); });
  while (!plots.empty()) draw(plots.begin()->first);
}

}  // namespace

extern const Section curves;
const Section curves = {310, &write};

}  // namespace figment::sections
