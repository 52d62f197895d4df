// What verbs that draw samples share: how they are drawn, and how far that is.
#pragma once

#include <cstdint>

#include "figment/apply/open_run.h"
#include "options.h"

namespace figment::cli {

// Sets the model's sampler as the options ask (see choose_sampler), and shows on a terminal how
// many of `n` examples are drawn; of an unknown number where n is 0.
void prepare_drawing(const LoadedRun& run, const Options& options, std::int64_t n = 0);

}  // namespace figment::cli
