// The curves of the training.
#include <map>

#include "figment/apply/section.h"
#include "figment/core/json_lines.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

void write(ReportContext& context) {
  // The losses of different stages do not compare: each stage has plots of its own.
  const auto stages = context.run.model->stages(context.run.recipe.train.epochs);
  const auto title = [&](const std::string& name, std::size_t stage) {
    return stages.size() < 2 || stage >= stages.size() ? name : name + ", " + stages[stage].name;
  };
  // "loss" -> {"train": curve, "validation": curve}
  std::map<std::string, std::map<std::string, Series>> plots;
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
  while (!plots.empty()) draw(plots.begin()->first);
}

}  // namespace

extern const Section curves;
const Section curves = {310, &write};

}  // namespace figment::sections
