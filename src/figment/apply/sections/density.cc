// The density of points in a plane: a map of it beside the true one, and the grid of the noise as
// the model bends it.
#include <algorithm>
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
constexpr int64_t kDraws = 16;                       // of a bound, at each pixel
constexpr int64_t kGrids = 4;                        // at most, of a model that is told the class

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

// The log-density at these places [n] double. Of a bound that is drawn, the mean of several draws:
// the exponential of a single one is too large on average (Jensen).
torch::Tensor log_density_at(ReportContext& context, const torch::Tensor& places) {
  auto& model = *context.run.model;
  const auto draws = has_exact_marginal(model) ? 1 : kDraws;
  auto sum = torch::zeros({places.size(0)}, torch::kDouble);
  for (int64_t i = 1; i <= draws; ++i)
    sum += marginal_log_density_of_data(model, context.run.scaling, places.to(torch::kFloat),
                                        context.data.train.label, static_cast<std::uint64_t>(i));
  return sum / static_cast<double>(draws);
}

// A map [1, kSide, kSide], dark where the density is high: `highest` is black.
torch::Tensor map_of(const torch::Tensor& log_density, double highest) {
  return 1 - (log_density.exp() / highest).clamp(0, 1).sqrt().view({1, 1, kSide, kSide});
}

// The lines of a square grid of noise, each way a class of points for a scatter plot; as the model
// bends them when told the class `one`, or told none when that is -1.
void plot_bent_grid(ReportContext& context, int64_t one) {
  const auto line = torch::linspace(-kReach, kReach, kPointsOfLine);
  const auto places = torch::linspace(-kReach, kReach, kLines);
  std::vector<torch::Tensor> codes, labels;
  for (int64_t i = 0; i < kLines; ++i)
    for (const bool upright : {false, true}) {
      const auto fixed = places[i].expand({kPointsOfLine});
      codes.push_back(torch::stack({upright ? fixed : line, upright ? line : fixed}, 1));
      labels.push_back(torch::full({kPointsOfLine}, upright ? 1 : 0, torch::kLong));
    }
  const auto grid = torch::cat(codes);
  const auto given = one < 0 ? torch::Tensor() : torch::full({grid.size(0)}, one, torch::kLong);
  ScatterPlot plot;
  plot.limit = 1 << 20;
  plot.points = to_output(context.run, decode(context.run, grid, given));
  plot.label = torch::cat(labels);
  plot.classes = {"second number kept", "first number kept"};
  const auto name = one < 0 ? "" : context.run.example().classes[static_cast<std::size_t>(one)];
  context.page.plot(scatter_plot(plot), "The square grid of the code, from -" +
                                            significant(kReach, 2) + " to " +
                                            significant(kReach, 2) +
                                            ", as the model bends it into the plane of the data" +
                                            (one < 0 ? "." : " given the class " + name + "."));
}

void plot_bent_grids(ReportContext& context) {
  if (class_densities_of(*context.run.model) == nullptr) return plot_bent_grid(context, -1);
  const auto classes = static_cast<int64_t>(context.run.example().classes.size());
  for (int64_t one = 0; one < std::min(kGrids, classes); ++one) plot_bent_grid(context, one);
  if (classes > kGrids)
    context.page.paragraph("The grids are of the first " + std::to_string(kGrids) + " of " +
                           std::to_string(classes) + " classes.");
}

void write(ReportContext& context) {
  if (!has_marginal(*context.run.model) || context.run.example().shape != std::vector<int64_t>{2} ||
      context.run.example().modality != Modality::kVector || context.shown.size() < 2)
    return;
  context.page.section("The density");
  const auto square = square_around(context.shown.x.to(torch::kDouble));
  const auto pixels = pixels_of(square);
  const auto log_model = log_density_at(context, pixels);
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
  if (has_exact_marginal(*context.run.model)) {
    const auto inside = log_model.exp().sum().item<double>() * square.side * square.side /
                        static_cast<double>(kSide * kSide);
    context.page.paragraph("Of the model's probability, " + significant(inside, 3) +
                           " lies within this square.");
  } else {
    context.page.paragraph(
        "What is drawn is a lower bound on the logarithm of the density, the mean of " +
        std::to_string(kDraws) +
        " draws a pixel: it is grainy, and need not sum to a probability.");
  }
  const auto* encodes = context.able<Encodes>();
  if (encodes != nullptr && encodes->code_dim() == 2 && context.able<Decodes>() != nullptr)
    plot_bent_grids(context);
}

}  // namespace

extern const Section density;
const Section density = {30, &write};

}  // namespace figment::sections
