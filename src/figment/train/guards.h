// Watches over a training: what goes wrong without stopping it is noticed at a validation and said
// once, in plain words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "figment/core/value.h"
#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/active_units.h"
#include "figment/model/model.h"

namespace figment {

// The units of each stochastic layer, by the codes of the first 2,000 examples of a set, with
// averaged weights in place. Empty for models without a posterior, and for less than two examples.
// Models with a posterior are those that weigh its codes (Posteriors), and those that encode and
// whose codes are to be standard normal when drawn (DrawsCodes).
std::vector<ActiveUnits> units_of(Model& model, const Dataset& set, const Scaling& scaling);

// The settings that help against a collapsed posterior, with what to do to them, as far as the
// model's configuration has them.
std::vector<std::string> collapse_settings(const Value& config);

// Posterior collapse: at two validations one after the other so few units were active that the code
// says nothing. One may be a beginning; what is over by the next was none.
class CollapseGuard {
 public:
  explicit CollapseGuard(const Value& config) : settings_(collapse_settings(config)) {}

  // After a validation: adds the number of active units to its values. Returns what there is to
  // say, mostly nothing.
  std::string look(Model& model, const Dataset& validation, const Scaling& scaling,
                   std::vector<std::pair<std::string, double>>& values);

 private:
  std::vector<std::string> settings_;
  bool seen_ = false, said_ = false;
};

}  // namespace figment
