// Sums of examples taken apart: what was summed beside what came out.
#include "figment/apply/section.h"
#include "figment/core/text.h"
#include "figment/data/image_codec.h"
#include "figment/data/loader.h"
#include "figment/eval/metric.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"

namespace figment::sections {
namespace {

constexpr int64_t kShown = 16;

void numbers(ReportContext& context) {
  const auto& run = context.run;
  const auto measured = metric_named("separation")
                            .measure({*run.model, *run.family, run.scaling, context.data.train,
                                      context.shown, run.recipe.data, run.recipe.seed});
  HtmlTable table{{"", "dB or squared error"}, {}};
  for (const auto& [name, value] : measured.metrics)
    table.rows.push_back({name, significant(value, 4)});
  for (const auto& [name, value] : measured.baselines)
    table.rows.push_back({"baseline " + name, significant(value, 4)});
  context.page.table(table, "On the " + context.part +
                                " part; the baseline takes the mixture itself for each source.");
}

void write(ReportContext& context) {
  auto* able = context.able<Separates>();
  if (able == nullptr || context.shown.size() == 0) return;
  const bool images = context.run.example().modality == Modality::kImage;
  const bool told = only_separates(*context.run.model);  // at the head of the report
  if (told && !images) return;
  context.page.section("Sources out of their sum");
  if (!told) numbers(context);
  if (!images) return;
  const auto some = context.shown.first(256);
  Loader loader(some, context.run.scaling, {some.size(), false, 0, context.run.device()});
  const auto batch = loader.batch(0, 0);
  Noise noise(context.run.recipe.seed, 0, batch.size(), context.run.device());
  const auto mixture = able->mix(batch, noise);
  const auto shown = [&](const torch::Tensor& x) {
    return x.narrow(0, 0, std::min(kShown, x.size(0))).to(torch::kCPU);
  };
  const auto outputs = able->separate(mixture.x);
  std::vector<torch::Tensor> layers = {shown(mixture.x)};
  for (int64_t j = 0; j < able->sources(); ++j)
    layers.push_back(shown(mixture.sources.select(1, j)));
  for (int64_t j = 0; j < able->sources(); ++j) layers.push_back(shown(outputs.select(1, j)));
  GridOptions grid;
  grid.columns = kShown;
  context.page.image(encode_png(layered_grid(layers, grid)),
                     "From above: the mixture, the " + std::to_string(able->sources()) +
                         " examples it was made of, and what the decoders gave.",
                     batch.x.size(2) <= 32 ? 2 : 1);
}

}  // namespace

extern const Section separation;
const Section separation = {220, &write};

}  // namespace figment::sections
