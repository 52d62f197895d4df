// What is running, for the record of a run.
#pragma once

#include <string>

namespace figment {

std::string version();           // of figment, "0.1.0"
std::string libtorch_version();  // "1.13.0"
std::string host_name();

}  // namespace figment
