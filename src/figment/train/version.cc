#include "figment/train/version.h"

#include <torch/version.h>
#include <unistd.h>

#ifndef FIGMENT_VERSION
#error "FIGMENT_VERSION is set by the build"
#endif

namespace figment {

std::string version() { return FIGMENT_VERSION; }

std::string libtorch_version() { return TORCH_VERSION; }

std::string host_name() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0) return "?";
  return name;
}

}  // namespace figment
