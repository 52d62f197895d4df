// How what train/speed.h measures is told.
#pragma once

#include <nlohmann/json.hpp>

#include "figment/train/speed.h"

namespace figment::cli {

nlohmann::json json_of(const Speed& speed);

// Parameters, the work of a step, memory, and how long all will take.
void print_outlook(const Speed& speed);

// Times of a step by phase beside the machine's peak, memory, and how long all will take.
void print_speed(const Speed& speed);

}  // namespace figment::cli
