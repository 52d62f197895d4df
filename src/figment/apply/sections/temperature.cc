// Samples by temperature: less spread of the noise gives likelier, more alike examples.
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/image_codec.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr double kTemperatures[] = {0.4, 0.6, 0.8, 1.0};
constexpr int64_t kPictures = 12, kPoints = 500;

void write(ReportContext& context) {
  if (context.able<Samples>() == nullptr || context.able<Densities>() == nullptr) return;
  const auto& example = context.run.example();
  const bool images = example.modality == Modality::kImage;
  const bool plane = example.modality == Modality::kVector && example.shape[0] == 2;
  if (!images && !plane) return;
  context.page.section("Samples by temperature");
  std::vector<torch::Tensor> rows, labels;
  ScatterPlot plot;
  for (const auto temperature : kTemperatures) {
    SampleOptions options;
    options.n = images ? kPictures : kPoints;
    options.temperature = temperature;
    rows.push_back(sample(context.run, options));
    labels.push_back(
        torch::full({options.n}, static_cast<int64_t>(plot.classes.size()), torch::kLong));
    plot.classes.push_back(significant(temperature, 2));
  }
  const std::string caption =
      "The same noise at the temperatures 0.4, 0.6, 0.8 and 1 times its deviation";
  if (images) {
    GridOptions grid;
    grid.columns = kPictures;
    context.page.image(encode_png(image_grid(torch::cat(rows), grid)), caption + ", a row each.",
                       example.shape[1] <= 32 ? 2 : 1);
    return;
  }
  plot.limit = 1 << 20;
  plot.points = to_output(context.run, torch::cat(rows));
  plot.label = torch::cat(labels);
  context.page.plot(scatter_plot(plot), caption + ".");
}

}  // namespace

extern const Section temperature;
const Section temperature = {35, &write};

}  // namespace figment::sections
