// Samples and reconstructions of what is no image, as plots.
#include <algorithm>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/model/reconstructs_now.h"
#include "figment/nn/series.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kJudged = 2000;  // series among which the best and the worst are looked for
constexpr int64_t kChannels = 3;   // drawn of each series

void samples_in_the_plane(const ReportContext& context) {
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
}

// An example and its reconstruction, [steps] each, over one another.
void compare(const ReportContext& context, const PlotFrame& frame, const torch::Tensor& original,
             const torch::Tensor& restored) {
  LinePlot plot;
  plot.frame = frame;
  for (const auto& [name, values] :
       {std::pair{"example", original}, {"reconstruction", restored}}) {
    Series series{name, {}, {}};
    const auto numbers = values.to(torch::kDouble).contiguous();
    for (int64_t j = 0; j < numbers.size(0); ++j) {
      series.x.push_back(static_cast<double>(j));
      series.y.push_back(numbers[j].item<double>());
    }
    plot.series.push_back(std::move(series));
  }
  context.page.plot(line_plot(plot));
}

void vectors(const ReportContext& context) {
  const auto some = context.shown.first(4);
  context.page.section("Reconstructions");
  const auto restored = to_output(context.run, reconstruct(context.run, some)).flatten(1);
  const auto original = some.x.flatten(1);
  for (int64_t i = 0; i < some.size(); ++i)
    compare(context, {"", "element", "value", 420, 240}, original[i], restored[i]);
}

// Series by time step; the padding of those that end early is not drawn.
class SeriesPlots {
 public:
  explicit SeriesPlots(const ReportContext& context)
      : context_(context),
        set_(context.shown.first(kJudged)),
        written_(reconstruct(context.run, set_)),
        restored_(to_output(context.run, written_)) {
    const auto difference = written_ - context.run.scaling.to_model(set_.x);
    const auto real = real_steps(set_.length, set_.size(), written_.size(1), difference.options());
    error_ = (difference.square() * real).flatten(1).sum(1);
  }

  // Series [T, D] at `index` of the set.
  void draw(int64_t index) const {
    const auto steps = set_.length.defined() ? set_.length[index].item<int64_t>() : set_.x.size(1);
    const auto width = set_.x.size(2);
    const auto& classes = set_.spec.classes;
    auto title = "squared error " + significant(error_[index].item<double>(), 3);
    if (set_.label.defined()) {
      const auto label = static_cast<std::size_t>(set_.label[index].item<int64_t>());
      if (label < classes.size()) title += ", class " + classes[label];
    }
    for (int64_t d = 0; d < std::min(width, kChannels); ++d) {
      PlotFrame frame{title, "time step", "value", 420, 240};
      if (width > 1) frame.y_label = "value " + std::to_string(d);
      compare(context_, frame, set_.x[index].slice(0, 0, steps).select(1, d),
              restored_[index].slice(0, 0, steps).select(1, d));
    }
  }

  int64_t size() const { return set_.size(); }
  torch::Tensor by_error() const { return error_.argsort(); }

 private:
  const ReportContext& context_;
  Dataset set_;
  torch::Tensor written_, restored_;  // [n, T, D] in the model's and in the data's numbers
  torch::Tensor error_;               // [n]
};

void series(const ReportContext& context) {
  const SeriesPlots plots(context);
  context.page.section("Reconstructions");
  const auto n = plots.size();
  for (int64_t i = 0; i < std::min<int64_t>(4, n); ++i) plots.draw(i);
  if (n < 8) return;
  const auto order = plots.by_error();
  context.page.section("Best and worst reconstructed");
  context.page.paragraph("Of " + with_commas(n) + " series of the " + context.part +
                         " part, the two with the smallest squared error, then the two with the "
                         "largest.");
  for (const auto place : {int64_t{0}, int64_t{1}, n - 2, n - 1})
    plots.draw(order[place].item<int64_t>());
}

void write(ReportContext& context) {
  const auto& example = context.run.example();
  if (example.modality == Modality::kImage) return;
  if (example.shape == std::vector<int64_t>{2} && context.run.family->abilities.samples) {
    samples_in_the_plane(context);
  } else if (reconstructs_of(*context.run.model) != nullptr && context.shown.size() > 0) {
    example.modality == Modality::kSeries ? series(context) : vectors(context);
  }
}

}  // namespace

extern const Section examples;
const Section examples = {20, &write};

}  // namespace figment::sections
