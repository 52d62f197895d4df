// A number of things, for messages.
#pragma once

#include <cstdint>
#include <string>

namespace figment {

// "1 thread", "2 threads".
inline std::string counted(std::int64_t n, const char* thing) {
  return std::to_string(n) + " " + thing + (n == 1 ? "" : "s");
}

}  // namespace figment
