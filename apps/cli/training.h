// What the verbs that train share.
#pragma once

#include <string>

#include "figment/model/family.h"
#include "figment/train/trainer.h"
#include "options.h"

namespace figment::cli {

// The recipe that a command line says: a file or the name of a family, with the options and
// settings laid on it.
struct AskedRecipe {
  Recipe recipe{};
  const Family* family = nullptr;
  std::string name{};  // for the folder of a run
};
// Throws Error(kConfig) that tells all problems at once.
AskedRecipe asked_recipe(const Options& options);

// A run goes on by its own recipe; to take other settings silently for the same would be wrong.
// Throws Error(kConfig) naming those of the run in `folder` that differ from `asked`.
void check_same_settings(const Recipe& asked, const std::string& folder);

// Trains with progress, signals and pictures, and writes the report.
Outcome train_until_signal(const Options& options, const Family& family, const Recipe& recipe,
                           const TrainOptions& given);
int last_signal();  // the one that stopped it, or 0

// The same, told of on stdout; returns the exit code.
int run_training(const Options& options, const Family& family, const Recipe& recipe,
                 const TrainOptions& given);

// Continues the run in `folder` by its own recipe.
int resume_run(const Options& options, const std::string& folder);

}  // namespace figment::cli
