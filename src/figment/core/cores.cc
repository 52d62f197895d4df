#include "figment/core/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace figment {

std::int64_t available_cores() {
  std::int64_t cores = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  // cgroup v2: "QUOTA PERIOD" in microseconds, or "max PERIOD".
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (file >> quota >> period && quota > 0 && period > 0)
    cores = std::min(cores, static_cast<std::int64_t>(std::ceil(quota / period)));
  return std::max<std::int64_t>(1, cores);
}

}  // namespace figment
