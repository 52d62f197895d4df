// What comes before the first step: device, threads, data, and a model for them.
#pragma once

#include <memory>

#include "figment/data/open.h"
#include "figment/model/family.h"
#include "figment/train/recipe.h"

namespace figment {

struct Prepared {
  Recipe recipe;  // with all of the model's settings filled in
  std::shared_ptr<Model> model{};
  Splits data{};
  int64_t threads = 0;
};

// Throws Error: kConfig, kData, kDevice.
Prepared prepare(const Family& family, const Recipe& asked, const Watch& watch);

// Throws Error(kData) for series that end early and a model that does not know where they do.
void need_knowledge_of_lengths(const Family& family, const Model& model, const Dataset& set);

// Puts the weights that train.start_from names into the model; none where it names nothing. Throws
// Error: kConfig for a run of another family, kCheckpoint.
void start_from(const Recipe& recipe, Model& model);

// Seed of a purpose of a run; each is drawn from by its own.
enum SeedPurpose : std::uint64_t {
  kSeedInitialise = 1,
  kSeedOrder = 2,
  kSeedStep = 3,
  kSeedValidate = 4
};

}  // namespace figment
