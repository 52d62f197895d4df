// A linear projection: its axes, the variance that each explains, and its angle to PCA.
#include <algorithm>

#include "figment/apply/section.h"
#include "figment/data/image_codec.h"
#include "figment/eval/pca.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kPictures = 60, kCharts = 4, kBars = 10;
constexpr double kDegrees = 180 / 3.14159265358979323846;

// The mean and the axes as pictures: grey is 0, white the largest component of each, black as much
// below.
void draw_pictures(ReportContext& context, const torch::Tensor& axes, const torch::Tensor& mean) {
  auto shape = context.run.example().shape;
  const int scale = shape[1] <= 32 ? 2 : 1;
  const auto shown = axes.narrow(0, 0, std::min(axes.size(0), kPictures));
  const auto largest = shown.abs().amax(1, true).clamp_min(1e-12);
  shape.insert(shape.begin(), shown.size(0) + 1);
  GridOptions grid;
  grid.columns = 10;
  context.page.image(
      encode_png(image_grid(
          torch::cat({mean.clamp(0, 1).unsqueeze(0), 0.5 + 0.5 * shown / largest}).view(shape),
          grid)),
      "The mean, then the axes" +
          (shown.size(0) < axes.size(0) ? " (the first " + std::to_string(shown.size(0)) + ")"
                                        : std::string()) +
          ": grey is 0, white above, black below.",
      scale);
}

// The largest components of each axis, by name.
void draw_bars(ReportContext& context, const torch::Tensor& axes) {
  const auto& names = context.data.train.columns;
  for (int64_t i = 0; i < std::min(axes.size(0), kCharts); ++i) {
    const auto order = axes[i].abs().argsort(0, /*descending=*/true);
    BarChart chart;
    chart.frame.title = "axis " + std::to_string(i + 1);
    for (int64_t j = 0; j < std::min(axes.size(1), kBars); ++j) {
      const auto at = order[j].item<int64_t>();
      const auto place = static_cast<std::size_t>(at);
      chart.bars.emplace_back(place < names.size() ? names[place] : "element " + std::to_string(at),
                              axes[i][at].item<double>());
    }
    context.page.plot(bar_chart(chart));
  }
}

void draw_lines(ReportContext& context, const torch::Tensor& axes) {
  LinePlot plot;
  plot.frame.x_label = "element";
  for (int64_t i = 0; i < std::min(axes.size(0), kCharts); ++i) {
    Series series{"axis " + std::to_string(i + 1), {}, {}};
    for (int64_t j = 0; j < axes.size(1); ++j) {
      series.x.push_back(static_cast<double>(j));
      series.y.push_back(axes[i][j].item<double>());
    }
    plot.series.push_back(std::move(series));
  }
  context.page.plot(line_plot(plot), "The axes over the elements of an example.");
}

void draw_variance(ReportContext& context, const torch::Tensor& shares) {
  LinePlot plot;
  plot.frame.x_label = "component";
  plot.frame.y_label = "share of the variance";
  plot.series = {{"this one", {}, {}}, {"all up to it", {}, {}}};
  const auto upto = shares.cumsum(0);
  for (int64_t i = 0; i < shares.size(0); ++i) {
    for (auto& series : plot.series) series.x.push_back(static_cast<double>(i + 1));
    plot.series[0].y.push_back(shares[i].item<double>());
    plot.series[1].y.push_back(upto[i].item<double>());
  }
  context.page.plot(line_plot(plot), "Variance explained on " + with_commas(context.shown.size()) +
                                         " examples of the " + context.part +
                                         " part: " + significant(100 * upto[-1].item<double>(), 4) +
                                         " % by all " + std::to_string(shares.size(0)) +
                                         " components.");
}

void write(ReportContext& context) {
  auto* able = context.able<Projects>();
  if (able == nullptr || context.shown.size() == 0) return;
  const auto axes = able->axes().to(torch::kCPU), mean = able->mean().to(torch::kCPU);
  context.page.section("The axes");
  const auto modality = context.run.example().modality;
  if (modality == Modality::kImage)
    draw_pictures(context, axes, mean);
  else if (modality == Modality::kSeries)
    draw_lines(context, axes);
  else
    draw_bars(context, axes);
  const auto numbers = numbers_of(context.run.scaling);
  draw_variance(context, explained_variance(context.shown.x, mean, axes, numbers));
  if (axes.size(1) > kWidestPca || context.data.train.size() < 2) return;
  const auto exact = fit_pca(context.data.train.x, axes.size(0), numbers);
  const auto angle = kDegrees * principal_angles(axes, exact.axes.t())[0].item<double>();
  context.page.paragraph(
      "The largest angle between this subspace and that of the exact principal "
      "components of the training part is " +
      significant(angle, 3) + " degrees.");
}

}  // namespace

extern const Section linear;
const Section linear = {110, &write};

}  // namespace figment::sections
