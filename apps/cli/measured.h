// How measured numbers are shown, for every verb that measures.
#pragma once

#include <nlohmann/json.hpp>

#include "figment/eval/metric.h"

namespace figment::cli {

// Adds those of `more`; a note that is there already is not said again.
void append(Measured& all, const Measured& more);

// Fills "metrics", "baselines", and where there are any "intervals", "notes" and "counts".
void fill_measured(nlohmann::json& document, const Measured& measured);

// Notes on stderr; numbers on stdout, one a line, each with its interval.
void print_measured(const Measured& measured);

}  // namespace figment::cli
