// The one function between the launcher and the engine it loads. Both are built together.
#pragma once

#include "options.h"

namespace figment::cli {

// Runs the verb and returns the exit code. Never throws.
using EngineRun = int(const Options*);

}  // namespace figment::cli
