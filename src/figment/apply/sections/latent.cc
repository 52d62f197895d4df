// The latent space: the manifold that a code of two numbers spans, and where the examples lie.
#include "figment/apply/latent.h"

#include <algorithm>

#include "figment/apply/pictures.h"
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/image_codec.h"
#include "figment/report/grid.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kMapped = 4000;            // codes on the latent map,
constexpr int64_t kMappedNumbers = 1 << 22;  // fewer where they would be more numbers than that,
constexpr int64_t kFewest = 200;             // though never fewer than so many

void write(ReportContext& context) {
  if (!context.run.family->abilities.encodes || context.shown.size() < 3) return;
  context.page.section("The latent space");
  if (context.run.example().modality == Modality::kImage && has_manifold(*context.run.model)) {
    GridOptions grid;
    grid.gap = 0;
    const auto picture = image_grid(
        manifold(*context.run.model, context.run.scaling, context.shown, kManifoldSide), grid);
    const auto shares = shares_of(*context.run.model);
    context.page.image(
        encode_png(picture),
        shares == Shares::kPrior ? "Codes on a grid of equal shares of the prior, decoded."
        : shares == Shares::kNormal
            ? "Codes on a grid over the unit square, pushed through the quantile function of "
              "the normal distribution and decoded."
            : "Codes on a grid of equal shares of the examples' codes, decoded.",
        1);
  }
  const auto width = context.able<Encodes>()->code_dim();
  const auto some = context.shown.first(
      std::clamp(kMappedNumbers / std::max<int64_t>(1, width), kFewest, kMapped));
  ScatterPlot plot;
  const auto codes = encode(context.run, some);
  plot.points = map_to_plane(codes);
  plot.label = some.label;
  plot.classes = some.spec.classes;
  const bool plane = codes.size(1) == 2;
  plot.frame.x_label = plane ? "first coordinate" : "first main axis";
  plot.frame.y_label = plane ? "second coordinate" : "second main axis";
  context.page.plot(scatter_plot(plot),
                    plane ? "The code of each example, coloured by class."
                          : "The codes on their two main axes, coloured by class.");
}

}  // namespace

extern const Section latent;
const Section latent = {100, &write};

}  // namespace figment::sections
