// What `train` and `resume` share.
#pragma once

#include <string>

#include "figment/model/family.h"
#include "figment/train/trainer.h"
#include "options.h"

namespace figment::cli {

// Trains with progress, signals, pictures and a report at the end; returns the exit code.
int run_training(const Options& options, const Family& family, const Recipe& recipe,
                 const TrainOptions& given);

// Continues the run in `folder` by its own recipe.
int resume_run(const Options& options, const std::string& folder);

}  // namespace figment::cli
