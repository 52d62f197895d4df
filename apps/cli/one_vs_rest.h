// figment anomaly RECIPE --one-vs-rest: a training for each class as the normal one.
#pragma once

#include "options.h"

namespace figment::cli {

// Trains the recipe once for every class, on this class alone, in folders below options.out; scores
// the whole test part with each; prints a table of AUROC with baselines beside. Runs that are
// finished are not trained again, one that was interrupted goes on. Returns the exit code.
int one_vs_rest(const Options& options);

}  // namespace figment::cli
