// What the driver writes as a step and the tests expect to find there.
#pragma once

#include <cstdint>
#include <string>

#include "figment/train/checkpoint.h"

namespace figment::faults {

// Different for every step and variant, of a few kilobytes.
inline CheckpointFiles content_of(int64_t step, const std::string& variant) {
  const std::string mark = variant + std::to_string(step);
  std::string weights;
  for (int i = 0; i < 700; ++i) weights += mark + "," + std::to_string(i * step) + ";";
  return {{{"model.safetensors", weights},
           {"optimizer.safetensors", weights.substr(weights.size() / 2)},
           {"state.json", "{\"step\":" + mark + "}"}}};
}

}  // namespace figment::faults
