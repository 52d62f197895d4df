// The game of generator and discriminator: how it stands at the end, and from what scores the
// generator of each loss still learns.
#include <cmath>
#include <string>

#include "figment/apply/section.h"
#include "figment/model/discriminates.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/game_guard.h"

namespace figment::sections {
namespace {

constexpr int kPoints = 121;
constexpr double kReach = 6;  // of scores

// |d fooling / d score| by autograd, one score at a time, so that the curve is that of the code.
Series learned_from(const char* name, AdversarialLoss loss) {
  const torch::AutoGradMode with_graph(true);
  const auto scores = torch::linspace(-kReach, kReach, kPoints, torch::kDouble).requires_grad_();
  std::vector<torch::Tensor> each;
  for (int64_t i = 0; i < kPoints; ++i)
    each.push_back(loss_of_fooling(loss, scores.slice(0, i, i + 1)));
  const auto slope = torch::autograd::grad({torch::stack(each).sum()}, {scores})[0].abs();
  Series out;
  out.name = name;
  for (int64_t i = 0; i < kPoints; ++i) {
    out.x.push_back(scores[i].item<double>());
    out.y.push_back(slope[i].item<double>());
  }
  return out;
}

void write(ReportContext& context) {
  auto* able = context.able<Discriminates>();
  const auto state = game_state(*context.run.model, context.shown, context.run.scaling);
  if (able == nullptr || !state) return;
  context.page.section("The game of generator and discriminator");
  std::string said;
  if (std::isfinite(state->doubt))
    said += "On the " + context.part + " part and made examples the discriminator has " +
            significant(100 * state->doubt, 3) +
            " % of the loss that it has when it knows nothing. ";
  if (std::isfinite(state->diversity))
    said += "Made examples are " + significant(state->diversity, 2) +
            " times as far from one another as true ones" +
            (state->narrowest.empty() ? "" : ", in class '" + state->narrowest + "', the least") +
            ". ";
  if (std::isfinite(state->made_classes))
    said += "By their nearest true examples they have as many classes as " +
            significant(state->made_classes, 3) + " equally frequent ones; the true ones " +
            significant(state->true_classes, 3) + ".";
  if (!said.empty()) context.page.paragraph(said);
  const auto& config = context.run.recipe.model;
  for (const auto& warning :
       {collapse_of_modes_warning(*state, config), won_warning(*state, config)})
    if (!warning.empty()) context.page.note("Beware: " + warning + ".");
  LinePlot plot;
  for (const auto& entry : enum_names(AdversarialLoss{}))
    if (entry.value != AdversarialLoss::kHinge)  // as wasserstein
      plot.series.push_back(learned_from(entry.name, entry.value));
  plot.frame = {"What the generator learns from", "score of a made example", "slope of its loss"};
  context.page.plot(
      line_plot(plot),
      "How strongly a made example moves the generator, by the score it was given. On "
      "the left the discriminator is sure that it was made: there minimax says nothing "
      "(it saturates), and non_saturating the most. least_squares pulls harder the "
      "further the score is from 1, also from above; wasserstein and hinge alike "
      "everywhere. This run plays " +
          std::string(name_of_enum(able->game())) + ".");
}

}  // namespace

extern const Section game;
const Section game = {305, &write};

}  // namespace figment::sections
