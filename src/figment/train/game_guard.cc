#include "figment/train/game_guard.h"

#include <algorithm>
#include <cstdio>

#include "figment/core/text.h"
#include "figment/data/loader.h"
#include "figment/model/abilities.h"

namespace figment {
namespace {

constexpr int64_t kExamples = 1000, kMade = 256;
constexpr int64_t kFewest = 4;         // examples of a class that its spread is told by
constexpr std::uint64_t kSeed = 2014;  // of the made examples
constexpr double kNarrow = 0.25;       // of the true spread: a collapse
constexpr double kFewClasses = 0.35;   // of the true number: likewise
constexpr double kManyClasses = 3;     // below it a share of them is no number to go by
constexpr double kHardly = 0.1;        // of a class's share: it is missing
constexpr double kManyMissing = 0.2;   // of the classes
constexpr std::size_t kNamed = 10;     // classes at most in a sentence
constexpr int64_t kBeginning = 200;    // steps
constexpr int kInARow = 2;             // validations
constexpr double kNear = 1.5;   // times as far from true examples as these are from one another
constexpr double kSure = 0.03;  // of the loss of ignorance: the discriminator has won

// Mean distance between two rows of x [n, ...]; NaN for less than two.
double spread_of(const torch::Tensor& x) {
  if (x.size(0) < 2) return NAN;
  return torch::pdist(x.flatten(1).contiguous()).mean().item<double>();
}

// Shares of the classes among labels [n].
std::vector<double> class_shares(const torch::Tensor& label, std::size_t classes) {
  const auto count = torch::bincount(label.to(torch::kCPU), {}, static_cast<int64_t>(classes));
  std::vector<double> out;
  for (std::size_t k = 0; k < classes; ++k)
    out.push_back(count[static_cast<int64_t>(k)].item<double>() /
                  static_cast<double>(label.size(0)));
  return out;
}

// exp(entropy).
double effective_number(const std::vector<double>& shares) {
  double entropy = 0;
  for (const auto share : shares)
    if (share > 0) entropy -= share * std::log(share);
  return std::exp(entropy);
}

// The made examples, and the classes that were asked for where the model knows classes.
Batch made_by(Model& model, Samples& able) {
  Noise noise(kSeed, 0, kMade, model.device());
  SampleRequest request;
  request.n = kMade;
  request.noise = &noise;
  if (able.knows_classes()) {
    const auto classes = static_cast<int64_t>(model.example().classes.size());
    request.label =
        torch::arange(kMade, torch::dtype(torch::kLong).device(model.device())).remainder(classes);
  }
  Batch out;
  out.x = able.sample(request);
  out.label = request.label;
  return out;
}

torch::Tensor of_class(const Batch& batch, int64_t label) {
  return batch.x.index_select(0, (batch.label == label).nonzero().flatten());
}

void judge_spread(GameState& state, const Batch& truth, const Batch& made,
                  const std::vector<std::string>& classes) {
  const bool told = made.label.defined() && truth.label.defined();
  for (std::size_t k = 0; told && k < classes.size(); ++k) {
    const auto label = static_cast<int64_t>(k);
    const auto some_true = of_class(truth, label), some_made = of_class(made, label);
    if (std::min(some_true.size(0), some_made.size(0)) < kFewest) continue;
    const double ratio = spread_of(some_made) / spread_of(some_true.slice(0, 0, kMade));
    if (!(ratio >= state.diversity)) {  // the first too
      state.diversity = ratio;
      state.narrowest = classes[k];
    }
  }
  if (std::isnan(state.diversity))
    state.diversity = spread_of(made.x) / spread_of(truth.x.slice(0, 0, kMade));
}

// To two significant digits.
std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", value);
  return text;
}

// Rows of x [n, ...] to compare; images with one length for all, since those of few bright pixels
// are otherwise nearest to whatever has gaps.
torch::Tensor comparable(const torch::Tensor& x, bool images) {
  const auto rows = x.flatten(1);
  return images ? rows / rows.norm(2, 1, true).clamp_min(1e-6) : rows;
}

// The classes of made and of true examples. Of an early generator's noise nobody can tell of which
// class it is: only made examples that lie about as near to true ones as these to one another
// count.
void count_classes(GameState& state, const Batch& truth, const Batch& made, bool images,
                   const std::vector<std::string>& classes) {
  const auto all = comparable(truth.x, images), some = all.slice(0, 0, kMade);
  auto apart = torch::cdist(some, all);
  apart.fill_diagonal_(INFINITY);  // each from itself
  const auto [apart_by, neighbour] = apart.min(1);
  const auto [distance, nearest] = torch::cdist(comparable(made.x, images), all).min(1);
  const auto shares = class_shares(truth.label, classes.size());
  state.true_classes = effective_number(shares);
  if (distance.median().item<double>() > kNear * apart_by.median().item<double>()) return;
  const auto among = [&](const torch::Tensor& rows) {
    return class_shares(truth.label.index_select(0, rows), classes.size());
  };
  state.true_shares = shares;
  state.made_shares = among(nearest);
  state.made_classes = effective_number(state.made_shares);
  // Some classes are seldom nearest to anything, also to true examples.
  const auto usual = among(neighbour);
  for (std::size_t k = 0; k < classes.size(); ++k) {
    const double share = std::min(shares[k], usual[k]);
    if (share * static_cast<double>(kMade) < static_cast<double>(kFewest)) continue;
    ++state.told_classes;
    if (state.made_shares[k] < kHardly * share) state.missing.push_back(classes[k]);
  }
}

bool too_alike(const GameState& state) { return state.diversity < kNarrow; }
bool too_few_classes(const GameState& state) {
  return state.true_classes >= kManyClasses &&
         state.made_classes < kFewClasses * state.true_classes;
}
bool too_many_missing(const GameState& state) {
  return static_cast<double>(state.missing.size()) >
         kManyMissing * static_cast<double>(state.told_classes);
}

// "'a', 'b' and 3 more".
std::string named(const std::vector<std::string>& classes) {
  std::vector<std::string> some;
  for (std::size_t k = 0; k < std::min(kNamed, classes.size()); ++k)
    some.push_back("'" + printable(classes[k]) + "'");
  const auto more = classes.size() - some.size();
  return join(some, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

// "a, b, or c" of those settings that the configuration has.
struct Help {
  const char* key;
  const char* what;
};
std::string help_of(const std::vector<Help>& all, const Value& config) {
  std::vector<std::string> found;
  for (const auto& help : all)
    if (config.find(help.key) != nullptr) found.emplace_back(help.what);
  if (found.empty()) return "";
  const auto last = found.back();
  found.pop_back();
  return "; " + (found.empty() ? last : join(found, ", ") + ", or " + last) + " helps";
}

}  // namespace

double loss_of_ignorance(AdversarialLoss game) {
  switch (game) {
    case AdversarialLoss::kNonSaturating:
    case AdversarialLoss::kMinimax:
      return std::log(4);
    case AdversarialLoss::kLeastSquares:
      return 0.25;
    case AdversarialLoss::kHinge:
      return 2;
    case AdversarialLoss::kWasserstein:
      break;
  }
  return NAN;
}

// Comparisons with NaN are false: what is not known alarms nobody.
bool GameState::collapsed() const {
  return too_alike(*this) || too_few_classes(*this) || too_many_missing(*this);
}
bool GameState::won() const { return doubt < kSure; }

std::optional<GameState> game_state(Model& model, const Dataset& set, const Scaling& scaling) {
  auto* samples = dynamic_cast<Samples*>(&model);
  if (dynamic_cast<MayLoseModes*>(&model) == nullptr || samples == nullptr || set.size() < 2)
    return {};
  torch::NoGradGuard no_grad;
  const AverageScope averaged(model.optimizers());
  const bool training = model.is_training();
  model.eval();
  Loader loader(set.first(kExamples), scaling, {kExamples, false, 0, model.device()});
  const auto truth = loader.batch(0, 0);
  const auto made = made_by(model, *samples);
  GameState out;
  if (auto* judge = dynamic_cast<Discriminates*>(&model)) {
    const auto game = judge->game();
    const auto loss =
        loss_of_true(game, judge->scores(truth)) + loss_of_made(game, judge->scores(made));
    out.doubt = loss.item<double>() / loss_of_ignorance(game);
  }
  const auto& classes = model.example().classes;
  judge_spread(out, truth, made, classes);
  if (truth.label.defined() && !classes.empty())
    count_classes(out, truth, made, model.example().modality == Modality::kImage, classes);
  model.train(training);
  return out;
}

std::string collapse_of_modes_warning(const GameState& state, const Value& config) {
  if (!state.collapsed()) return "";
  std::vector<std::string> what;
  if (too_alike(state))
    what.push_back(
        "made examples" +
        (state.narrowest.empty() ? "" : " of class '" + printable(state.narrowest) + "'") +
        " are " + short_number(state.diversity) + " times as far from one another as true ones");
  if (too_many_missing(state))
    what.push_back("made examples are hardly ever nearest to true ones of " +
                   std::to_string(state.missing.size()) + " of " +
                   std::to_string(state.told_classes) + " classes (" + named(state.missing) + ")");
  else if (too_few_classes(state))
    what.push_back("made examples are nearest to true ones of " + short_number(state.made_classes) +
                   " classes, where the true ones have " + short_number(state.true_classes) +
                   " (as many equal ones)");
  return "the generator has lost modes: " + join(what, ", and ") +
         ", so that it makes nearly the same again and again" +
         help_of({{"r1", "a penalty on the discriminator's slope (model.r1)"},
                  {"discriminator_steps",
                   "more steps of the discriminator for one of the "
                   "generator (model.discriminator_steps)"},
                  {"gamma", "a larger model.gamma"},
                  {"optimizer", "a lower model.optimizer.learning_rate"}},
                 config);
}

std::string won_warning(const GameState& state, const Value& config) {
  if (!state.won()) return "";
  return "the discriminator has won: it tells made from true examples with " +
         short_number(100 * state.doubt) +
         " % of the loss it has when it knows nothing, so that the generator learns little more" +
         help_of(
             {{"r1", "a penalty on its slope (model.r1)"},
              {"label_smoothing", "smoothed labels (model.label_smoothing)"},
              {"discriminator_optimizer", "a lower model.discriminator_optimizer.learning_rate"}},
             config);
}

bool GameGuard::Seen::again(bool now) {
  bad = now ? bad + 1 : 0;
  good = now ? 0 : good + 1;
  if (good >= kInARow) said = false;
  const bool speak = bad >= kInARow && !said;
  said = said || speak;
  return speak;
}

std::vector<std::string> GameGuard::look(Model& model, const Dataset& validation,
                                         const Scaling& scaling, int64_t step,
                                         std::vector<std::pair<std::string, double>>& values) {
  const auto state = game_state(model, validation, scaling);
  if (!state) return {};
  const double missing =
      state->made_shares.empty() ? NAN : static_cast<double>(state->missing.size());
  for (const auto& [name, value] :
       {std::pair{"diversity", state->diversity}, std::pair{"made_classes", state->made_classes},
        std::pair{"missing_classes", missing}, std::pair{"doubt", state->doubt}})
    if (std::isfinite(value)) values.emplace_back(name, value);
  if (step < kBeginning) return {};
  std::vector<std::string> out;
  if (collapsed_.again(state->collapsed()))
    out.push_back(collapse_of_modes_warning(*state, config_));
  if (won_.again(state->won())) out.push_back(won_warning(*state, config_));
  return out;
}

std::string GameGuard::cannot_look(Model& model) {
  if (said_blind_ || dynamic_cast<MayLoseModes*>(&model) == nullptr) return "";
  said_blind_ = true;
  return "nobody watches whether the generator loses modes: there are no examples to validate "
         "with; data.validation sets some of the training examples apart";
}

}  // namespace figment
