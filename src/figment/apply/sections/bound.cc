// The variational bound over its steps: where the bits of an example are.
#include "figment/eval/bound.h"

#include <cmath>

#include "figment/apply/section.h"
#include "figment/model/bound_terms.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"

namespace figment::sections {
namespace {

constexpr int64_t kImages = 64, kOthers = 2000, kTerms = 30;

void write(ReportContext& context) {
  if (context.able<BoundTerms>() == nullptr || context.shown.size() == 0) return;
  auto& model = *context.run.model;
  const bool images = model.example().modality == Modality::kImage;
  const auto set = context.shown.first(images ? kImages : kOthers);
  const auto found =
      bound_by_terms(model, context.run.scaling, set, {context.run.recipe.seed, kTerms});
  const auto bits = static_cast<double>(model.example().elements()) * std::log(2.0);
  LinePlot plot;
  plot.frame = {"", "step", "bits an element a step", 490, 330};
  plot.log_x = plot.log_y = true;
  Series curve{"", {}, {}};
  for (const auto& stretch : found.stretches) {
    curve.x.push_back(0.5 * static_cast<double>(stretch.first + stretch.last));
    curve.y.push_back(stretch.nats / bits / static_cast<double>(stretch.last - stretch.first + 1));
  }
  plot.series = {curve};
  context.page.section("The bound by its terms");
  context.page.plot(line_plot(plot),
                    "Mean term of the bound by its step. Of the whole, " +
                        significant(found.bits_per_dim, 4) + " bits an element (standard error " +
                        significant(found.bits_error, 2) + ", " + with_commas(set.size()) +
                        " examples of the " + context.part + " part), " +
                        significant(found.stretches.front().nats / bits, 3) +
                        " are of the last step, the decoder's, and " +
                        significant(found.prior / bits, 3) + " of the prior.");
}

}  // namespace

extern const Section bound;
const Section bound = {27, &write};

}  // namespace figment::sections
