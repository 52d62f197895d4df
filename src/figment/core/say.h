// Who is told, a line at a time, what goes on.
#pragma once

#include <functional>
#include <string>

namespace figment {

using Say = std::function<void(const std::string& line)>;  // may be empty: nobody

}  // namespace figment
