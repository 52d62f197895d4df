// The units of a posterior: how much the mean of each varies over the examples, and whether the
// posterior has collapsed.
#include <algorithm>
#include <numeric>

#include "figment/apply/section.h"
#include "figment/report/plot.h"
#include "figment/train/guards.h"

namespace figment::sections {
namespace {

// Variances of the units, the largest first, against their rank.
Series ranked(const ActiveUnits& layer, const std::string& name) {
  Series out;
  out.name = name;
  const auto sorted = std::get<0>(layer.variance.sort(0, /*descending=*/true)).contiguous();
  out.y.assign(sorted.data_ptr<double>(), sorted.data_ptr<double>() + sorted.numel());
  out.x.resize(out.y.size());
  std::iota(out.x.begin(), out.x.end(), 1.0);
  return out;
}

void write(ReportContext& context) {
  const auto layers = units_of(*context.run.model, context.shown, context.run.scaling);
  if (layers.empty()) return;
  context.page.section("What the units of the code say");
  std::string counts;
  int64_t most = 0;
  LinePlot plot;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const auto name =
        layers.size() == 1 ? std::string("units") : "stochastic layer " + std::to_string(k + 1);
    counts += (k == 0 ? "" : "; ") + std::to_string(layers[k].active) + " of " +
              std::to_string(layers[k].units) +
              (layers.size() == 1 ? " units" : " units of layer " + std::to_string(k + 1));
    most = std::max(most, layers[k].units);
    plot.series.push_back(ranked(layers[k], name));
  }
  context.page.paragraph("Active: " + counts +
                         ". A unit is active when the mean of its posterior varies over the "
                         "examples with a variance above 0.01; of the others the decoder learns "
                         "nothing.");
  const auto warning = collapse_warning(layers, collapse_settings(context.run.recipe.model));
  if (!warning.empty()) context.page.note("Beware: " + warning + ".");
  if (most < 3) return;
  plot.series.push_back(
      {"active above", {1, static_cast<double>(most)}, {kActiveVariance, kActiveVariance}});
  plot.frame = {"", "unit, by its variance", "variance of the posterior mean"};
  plot.log_y = true;
  context.page.plot(line_plot(plot));
}

}  // namespace

extern const Section units;
const Section units = {105, &write};

}  // namespace figment::sections
