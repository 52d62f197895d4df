// Samples and reconstructions of what is no image, as plots.
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

void write(ReportContext& context) {
  if (context.run.example().modality == Modality::kImage) return;
  const auto some = context.shown.first(4);
  if (context.run.example().shape == std::vector<int64_t>{2} &&
      context.run.family->abilities.samples) {
    context.page.section("Samples");
    SampleOptions options;
    options.n = 2000;
    ScatterPlot plot;
    const auto real = context.shown.first(2000).x;
    plot.points =
        torch::cat({real.to(torch::kFloat), to_output(context.run, sample(context.run, options))});
    plot.label = torch::cat(
        {torch::zeros({real.size(0)}, torch::kLong), torch::ones({options.n}, torch::kLong)});
    plot.classes = {"data", "samples"};
    context.page.plot(scatter_plot(plot), "Samples over the data.");
    return;
  }
  if (!context.run.family->abilities.reconstructs || some.size() == 0) return;
  context.page.section("Reconstructions");
  const auto restored =
      to_output(context.run, reconstruct(context.run, some)).flatten(1).to(torch::kDouble);
  const auto original = some.x.flatten(1).to(torch::kDouble);
  for (int64_t i = 0; i < some.size(); ++i) {
    LinePlot plot;
    plot.frame = {"", "element", "value", 420, 240};
    for (const auto& [name, values] :
         {std::pair{"example", original}, {"reconstruction", restored}}) {
      Series series{name, {}, {}};
      for (int64_t j = 0; j < values.size(1); ++j) {
        series.x.push_back(static_cast<double>(j));
        series.y.push_back(values[i][j].item<double>());
      }
      plot.series.push_back(std::move(series));
    }
    context.page.plot(line_plot(plot));
  }
}

}  // namespace

extern const Section examples;
const Section examples = {20, &write};

}  // namespace figment::sections
