// How many cores there are for this process.
#pragma once

#include <cstdint>

namespace figment {

// Cores this process may use: affinity and the cgroup's quota, at least 1.
std::int64_t available_cores();

}  // namespace figment
