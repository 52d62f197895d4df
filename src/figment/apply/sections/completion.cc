// Images completed from one part of them: several answers, since there is more than one.
#include "figment/apply/section.h"
#include "figment/data/image_codec.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/report/grid.h"

namespace figment::sections {
namespace {

constexpr int64_t kExamples = 12, kAnswers = 6;
constexpr double kHiddenGrey = 0.5;

void write(ReportContext& context) {
  auto* part = part_of(*context.run.model);
  auto* completes = context.able<Completes>();
  if (part == nullptr || completes == nullptr || context.shown.size() == 0) return;
  context.page.section("Completed");
  Loader loader(context.shown.first(kExamples), context.run.scaling,
                {kExamples, false, 0, context.run.device()});
  const auto batch = loader.batch(0, 0);
  const auto known = part->known();
  const auto mask = known.expand({batch.size(), -1, -1, -1});
  std::vector<torch::Tensor> columns = {
      batch.x * known + kHiddenGrey * (1 - known),
      batch.x * known + torch::sigmoid(part->guess(batch)) * (1 - known)};
  Noise noise(context.run.recipe.seed, 0, batch.size(), context.run.device());
  for (int64_t k = 0; k < kAnswers; ++k) columns.push_back(completes->complete(batch, mask, noise));
  columns.push_back(batch.x);
  GridOptions grid;
  grid.columns = static_cast<int64_t>(columns.size());
  const auto rows = torch::stack(columns, 1).flatten(0, 1).to(torch::kCPU);
  context.page.image(encode_png(image_grid(rows, grid)),
                     "Examples of the " + context.part +
                         " part. From the left: what the model is given, the one guess of a net "
                         "without a code, six completions by codes drawn from the prior of what "
                         "is given, and what it was.",
                     context.run.example().shape[1] <= 32 ? 2 : 1);
}

}  // namespace

extern const Section completion;
const Section completion = {30, &write};

}  // namespace figment::sections
