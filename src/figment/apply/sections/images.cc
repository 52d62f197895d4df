// Samples and reconstructions of images.
#include "figment/apply/section.h"
#include "figment/apply/use.h"
#include "figment/data/image_codec.h"
#include "figment/model/reconstructs_now.h"
#include "figment/report/grid.h"

namespace figment::sections {
namespace {

void write(ReportContext& context) {
  if (context.run.example().modality != Modality::kImage) return;
  const bool samples = context.run.family->abilities.samples;
  const bool reconstructs =
      reconstructs_of(*context.run.model) != nullptr && context.shown.size() > 0;
  if (!samples && !reconstructs) return;
  const auto shape = context.run.example().shape;
  const int scale = shape[1] <= 32 ? 2 : 1;
  context.page.section("What it makes");
  if (samples) {
    SampleOptions options;
    options.n = 100;
    context.page.image(encode_png(image_grid(sample(context.run, options))),
                       "100 samples, seed 1, drawn without choosing.", scale);
  }
  if (reconstructs) {
    const auto some = context.shown.first(40);
    GridOptions grid;
    grid.columns = 10;
    context.page.image(
        encode_png(layered_grid(
            {context.run.scaling.to_model(some.x), reconstruct(context.run, some)}, grid)),
        "Examples of the " + context.part + " part, each above its reconstruction.", scale);
  }
}

}  // namespace

extern const Section images;
const Section images = {20, &write};

}  // namespace figment::sections
