// Watches over the game of a generator against a discriminator, which fails in two ways without an
// error: the generator makes the same few examples again and again, or the discriminator is so sure
// that the generator learns nothing more.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "figment/core/value.h"
#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/discriminates.h"
#include "figment/model/model.h"

namespace figment {

// What the discriminator's loss of true and of made examples comes to where it knows nothing: log
// 4, 1/4 (least_squares) or 2 (hinge); NaN for wasserstein, where no score says that it is sure.
double loss_of_ignorance(AdversarialLoss game);

// How the game stands, by true examples and as many made ones, always of the same noise. What
// cannot be told is NaN.
struct GameState {
  // Mean distance between two made examples over that between two true ones. With classes that the
  // model is told each has its own, by examples of it alone, and this is the lowest; where there
  // are too few of each for that, all together have one.
  double diversity = NAN;
  std::string narrowest{};  // the class of the lowest; empty without
  // exp(entropy) of the classes: of the nearest true example of each made one, and of the true
  // ones. With labels alone, and the first where made examples are about as near to true ones as
  // these are to one another.
  double made_classes = NAN, true_classes = NAN;
  // The same class by class, in the order of labels; empty where made_classes is NaN.
  std::vector<double> made_shares{}, true_shares{};
  // Classes that hardly a made example is of, out of `told_classes` that are frequent enough to
  // tell.
  std::vector<std::string> missing{};
  int64_t told_classes = 0;
  // The discriminator's loss on both, over that where it knows nothing; with Discriminates alone.
  double doubt = NAN;

  bool collapsed() const;  // the made examples are too alike, or too many classes are not made
  bool won() const;        // the discriminator has
};

// Nothing for models that do not sample or may lose no modes (model/discriminates.h), or less than
// two examples. By the first 1,000 of a set; with averaged weights in place.
std::optional<GameState> game_state(Model& model, const Dataset& set, const Scaling& scaling);

// What there is to say of a state, with what helps as far as the model's configuration has it.
std::string collapse_of_modes_warning(const GameState& state, const Value& config);
std::string won_warning(const GameState& state, const Value& config);

// Says each of the two where two validations in a row agree, and again only after two in a row at
// which all was well. Not in the first 200 steps, where it is of a beginning.
class GameGuard {
 public:
  explicit GameGuard(Value config) : config_(std::move(config)) {}
  // After a validation at a step of the training: adds `diversity`, `made_classes`,
  // `missing_classes` and `doubt` to its values, as far as they can be told. Returns what there is
  // to say, mostly nothing.
  std::vector<std::string> look(Model& model, const Dataset& validation, const Scaling& scaling,
                                int64_t step, std::vector<std::pair<std::string, double>>& values);
  // In place of it where there are no examples to validate with: says once that nobody looks, of
  // models whose game should be watched.
  std::string cannot_look(Model& model);

 private:
  struct Seen {
    int bad = 0, good = 0;  // validations in a row
    bool said = false;
    bool again(bool now);  // whether to speak
  };
  Value config_;
  Seen collapsed_, won_;
  bool said_blind_ = false;
};

}  // namespace figment
