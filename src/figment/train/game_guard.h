// Watches over the game of a generator against a discriminator, which fails in two ways without an
// error: the generator makes the same few examples again and again, or the discriminator is so sure
// that the generator learns nothing more.
#pragma once

#include <cmath>
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
  // Mean distance between two made examples over that between two true ones. With classes each
  // class has its own, by examples of it alone, and this is the lowest.
  double diversity = NAN;
  std::string narrowest{};  // the class of the lowest; empty without
  // exp(entropy) of the classes: of the nearest true example of each made one, and of the true
  // ones. With labels alone, and the first where made examples are about as near to true ones as
  // these are to one another.
  double made_classes = NAN, true_classes = NAN;
  // The discriminator's loss on both, over that where it knows nothing.
  double doubt = NAN;

  bool collapsed() const;  // the made examples are too alike, or of too few classes
  bool won() const;        // the discriminator has
};

// Nothing for models without a discriminator of examples, or less than two examples. By the first
// 1,000 of a set; with averaged weights in place.
std::optional<GameState> game_state(Model& model, const Dataset& set, const Scaling& scaling);

// What there is to say of a state, with what helps as far as the model's configuration has it.
std::string collapse_of_modes_warning(const GameState& state, const Value& config);
std::string won_warning(const GameState& state, const Value& config);

// Says each of the two once, where two validations in a row agree.
class GameGuard {
 public:
  explicit GameGuard(Value config) : config_(std::move(config)) {}
  // After a validation: adds `diversity`, `made_classes` and `doubt` to its values, as far as they
  // can be told. Returns what there is to say, mostly nothing.
  std::vector<std::string> look(Model& model, const Dataset& validation, const Scaling& scaling,
                                std::vector<std::pair<std::string, double>>& values);

 private:
  struct Seen {
    bool before = false, said = false;
    bool again(bool now);  // whether to speak
  };
  Value config_;
  Seen collapsed_, won_;
};

}  // namespace figment
