// The game of generator and discriminator: how it stands at the end.
#include <cmath>
#include <string>
#include <vector>

#include "figment/apply/section.h"
#include "figment/report/markup.h"
#include "figment/report/plot.h"
#include "figment/train/game_guard.h"

namespace figment::sections {
namespace {

constexpr std::size_t kMostClasses = 40;  // that a bar each is drawn of

// Bars of the classes of made examples beside those of the true ones.
void show_class_shares(ReportContext& context, const GameState& state) {
  const auto& classes = context.run.example().classes;
  if (state.made_shares.empty() || classes.size() > kMostClasses) return;
  const auto draw = [&](const char* title, const std::vector<double>& shares, const char* caption) {
    BarChart chart;
    chart.frame.title = title;
    for (std::size_t k = 0; k < classes.size(); ++k) chart.bars.emplace_back(classes[k], shares[k]);
    context.page.plot(bar_chart(chart), caption);
  };
  draw("Classes of made examples", state.made_shares,
       "Shares of the classes of the true examples that are nearest to made ones.");
  draw("Classes of true examples", state.true_shares,
       "Shares of the classes of the true examples.");
}

void write(ReportContext& context) {
  const auto state = game_state(*context.run.model, context.shown, context.run.scaling);
  if (!state) return;
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
  show_class_shares(context, *state);
}

}  // namespace

extern const Section game;
const Section game = {305, &write};

}  // namespace figment::sections
