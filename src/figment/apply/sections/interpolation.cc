// Ways through the latent space: from one example to another, and along single coordinates.
#include "figment/apply/interpolation.h"

#include "figment/apply/section.h"
#include "figment/apply/traversal.h"
#include "figment/data/image_codec.h"
#include "figment/model/reconstructs_now.h"
#include "figment/report/grid.h"

namespace figment::sections {
namespace {

constexpr int64_t kPairs = 4, kSteps = 10, kCoordinates = 10, kColumns = 7;
constexpr int64_t kCodes = 2000;  // of training examples, that tell mean and deviation
constexpr int64_t kLooked = 500;  // examples that pairs are taken of
constexpr int64_t kWidest = 256;  // codes of more numbers are maps: no single one says much
constexpr double kReach = 3;
constexpr int64_t kDrawnWays = 6;
constexpr std::uint64_t kSeed = 1;

void ways(ReportContext& context, const CodeSpace& space, int scale) {
  const auto some = context.shown.first(kLooked);
  const auto pairs = pairs_of(some, kPairs);
  if (pairs.size(0) == 0) return;
  const auto way = interpolate(space, some.select(pairs.select(1, 0).contiguous()),
                               some.select(pairs.select(1, 1).contiguous()), kSteps);
  GridOptions grid;
  grid.columns = kSteps;
  context.page.section("From one example to another");
  context.page.image(
      encode_png(layered_grid({way.linear, way.spherical, way.plain}, grid)),
      "Pairs of examples of the " + context.part +
          " part, of different classes where there are any. From above: codes along the straight "
          "line, codes along the great circle, pixels without a model.",
      scale);
}

void ways_between_draws(ReportContext& context) {
  const CodeSpace space(context.run, "report", CodesOf::kExamplesOrPrior);
  const auto found = interpolate_drawn(space, kDrawnWays, kSeed, kSteps);
  GridOptions grid;
  grid.columns = kSteps;
  context.page.section("Ways between codes");
  context.page.image(encode_png(image_grid(found.spherical, grid)),
                     "From one code of the prior to another along the great circle, a row each.",
                     context.run.example().shape[1] <= 32 ? 2 : 1);
}

void coordinates(ReportContext& context, const CodeSpace& space, int scale) {
  const auto found = traverse(space, context.shown.first(1), context.data.train.first(kCodes),
                              kCoordinates, deviations(kReach, kColumns));
  GridOptions grid;
  grid.columns = kColumns;
  context.page.image(encode_png(image_grid(found.images, grid)),
                     "The code of one example, one coordinate a row set from -3 to +3 deviations "
                     "about its mean; the coordinates of largest deviation, the largest first.",
                     scale);
}

void write(ReportContext& context) {
  const auto& example = context.run.example();
  const auto& able = context.run.family->abilities;
  if (example.modality != Modality::kImage || decodes_of(*context.run.model) == nullptr) return;
  if (!able.encodes) {
    if (context.able<DrawsPrior>() != nullptr) ways_between_draws(context);
    return;
  }
  if (context.shown.size() < 2 || context.data.train.size() < 2) return;
  const CodeSpace space(context.run, "report");
  if (space.width() > kWidest) return;
  const int scale = example.shape[1] <= 32 ? 2 : 1;
  ways(context, space, scale);
  coordinates(context, space, scale);
}

}  // namespace

extern const Section interpolation;
const Section interpolation = {110, &write};

}  // namespace figment::sections
