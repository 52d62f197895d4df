// Attributes turned up and down: examples encoded, one attribute changed, and decoded.
#include <algorithm>

#include "figment/apply/section.h"
#include "figment/data/image_codec.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/report/grid.h"
#include "figment/report/markup.h"

namespace figment::sections {
namespace {

constexpr int64_t kSeeds = 6, kSteps = 7;
constexpr std::size_t kMostAttributes = 10;
constexpr double kReach = 2;  // deviations to either side

void write(ReportContext& context) {
  auto& model = *context.run.model;
  auto* knows = attributes_of(model);
  auto* conditions = context.able<Conditions>();
  auto* encodes = context.able<Encodes>();
  const auto& set = context.shown;
  if (knows == nullptr || encodes == nullptr || set.size() == 0 || !set.attributes.defined())
    return;
  if (model.example().modality != Modality::kImage) return;
  context.page.section("Attributes turned up and down");
  Loader loader(set.first(kSeeds), context.run.scaling, {kSeeds, false, 0, context.run.device()});
  const auto batch = loader.batch(0, 0);
  const auto code = encodes->encode(batch);
  const auto mean = knows->attribute_mean(), deviation = knows->attribute_deviation();
  const auto is_answer = knows->attribute_is_yes_or_no();
  const auto& names = model.example().attributes;
  for (std::size_t k = 0; k < std::min(names.size(), kMostAttributes); ++k) {
    const auto i = static_cast<int64_t>(k);
    const bool answer = is_answer[i].item<bool>();
    const auto low = answer ? 0 : mean[i].item<double>() - kReach * deviation[i].item<double>();
    const auto high = answer ? 1 : mean[i].item<double>() + kReach * deviation[i].item<double>();
    std::vector<torch::Tensor> columns = {batch.x};
    for (int64_t step = 0; step < kSteps; ++step) {
      auto given = batch;
      given.attributes = batch.attributes.clone();
      given.attributes.select(1, i).fill_(low + (high - low) * static_cast<double>(step) /
                                                    static_cast<double>(kSteps - 1));
      columns.push_back(conditions->decode_as(code, given));
    }
    GridOptions grid;
    grid.columns = kSteps + 1;
    const auto rows = torch::stack(columns, 1).flatten(0, 1).to(torch::kCPU);
    context.page.image(encode_png(image_grid(rows, grid)),
                       names[k] + ": an example of the " + context.part +
                           " part, then its code decoded with values from " + significant(low, 3) +
                           " to " + significant(high, 3) +
                           (answer ? "." : ", two deviations to either side of the mean."),
                       model.example().shape[1] <= 32 ? 2 : 1);
  }
}

}  // namespace

extern const Section attribute_sweeps;
const Section attribute_sweeps = {50, &write};

}  // namespace figment::sections
