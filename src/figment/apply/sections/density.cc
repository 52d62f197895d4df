// The density of points in a plane: a map of it beside the true one, and the grid of the noise as
// the model bends it.
#include <string>

#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/image_codec.h"
#include "figment/data/toy.h"
#include "figment/eval/marginal.h"
#include "figment/model/conditions.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kSide = 240;                       // pixels of a map
constexpr int64_t kLines = 17, kPointsOfLine = 300;  // of the bent grid
constexpr double kReach = 3;                         // deviations of the noise it spans

// The square that holds the data with a margin, in the data's numbers.
struct Square {
  double left, bottom, side;
};

Square square_around(const torch::Tensor& points) {
  const auto low = std::get<0>(points.min(0)), high = std::get<0>(points.max(0));
  const auto middle = (low + high) / 2;
  const double side = 1.15 * (high - low).max().item<double>();
  return {middle[0].item<double>() - side / 2, middle[1].item<double>() - side / 2, side};
}

// The middles of the pixels of a map [kSide^2, 2], rows from the top.
torch::Tensor pixels_of(const Square& square) {
  const auto share = (torch::arange(kSide, torch::kDouble) + 0.5) / kSide * square.side;
  return torch::stack({(square.left + share).repeat({kSide}),
                       (square.bottom + share.flip(0)).repeat_interleave(kSide)},
                      1);
}

// A map [1, kSide, kSide], dark where the density is high: `highest` is black.
torch::Tensor map_of(const torch::Tensor& log_density, double highest) {
  return 1 - (log_density.exp() / highest).clamp(0, 1).sqrt().view({1, 1, kSide, kSide});
}

// The lines of a square grid of noise, each a class of points for a scatter plot.
void plot_bent_grid(ReportContext& context) {
  const auto line = torch::linspace(-kReach, kReach, kPointsOfLine);
  const auto places = torch::linspace(-kReach, kReach, kLines);
  std::vector<torch::Tensor> codes, labels;
  for (int64_t i = 0; i < kLines; ++i)
    for (const bool upright : {false, true}) {
      const auto fixed = places[i].expand({kPointsOfLine});
      codes.push_back(torch::stack({upright ? fixed : line, upright ? line : fixed}, 1));
      labels.push_back(torch::full({kPointsOfLine}, upright ? 1 : 0, torch::kLong));
    }
  ScatterPlot plot;
  plot.limit = 1 << 20;
  plot.points = to_output(context.run, decode(context.run, torch::cat(codes)));
  plot.label = torch::cat(labels);
  plot.classes = {"second number kept", "first number kept"};
  context.page.plot(scatter_plot(plot), "The square grid of the code, from -" +
                                            significant(kReach, 2) + " to " +
                                            significant(kReach, 2) +
                                            ", as the model bends it into the plane of the data.");
}

void write(ReportContext& context) {
  if (!has_marginal(*context.run.model) || context.run.example().shape != std::vector<int64_t>{2} ||
      context.run.example().modality != Modality::kVector || context.shown.size() < 2)
    return;
  context.page.section("The density");
  const auto square = square_around(context.shown.x.to(torch::kDouble));
  const auto pixels = pixels_of(square);
  const auto log_model = marginal_log_density_of_data(
      *context.run.model, context.run.scaling, pixels.to(torch::kFloat), context.data.train.label);
  const auto& source = context.run.recipe.data.source;
  const auto log_truth = is_toy(source) ? toy_log_density(source, pixels) : std::nullopt;
  // One scale for both: the true density's highest, or nearly the model's.
  const double highest = log_truth ? log_truth->max().exp().item<double>()
                                   : log_model.exp().quantile(0.999).item<double>();
  context.page.image(encode_png(to_uint8(map_of(log_model, highest))[0]),
                     "The model's density; black is the highest, and grey goes by its root.", 1);
  if (log_truth)
    context.page.image(encode_png(to_uint8(map_of(*log_truth, highest))[0]), "The true density.",
                       1);
  const auto inside = log_model.exp().sum().item<double>() * square.side * square.side /
                      static_cast<double>(kSide * kSide);
  context.page.paragraph("Of the model's probability, " + significant(inside, 3) +
                         " lies within this square.");
  const auto* encodes = context.able<Encodes>();
  const bool given_class = class_densities_of(*context.run.model) != nullptr;
  if (encodes != nullptr && encodes->code_dim() == 2 && context.able<Decodes>() != nullptr &&
      !given_class)
    plot_bent_grid(context);
}

}  // namespace

extern const Section density;
const Section density = {30, &write};

}  // namespace figment::sections
