// TOML text to Value. The only place that knows the TOML library.
#pragma once

#include <string>
#include <string_view>

#include "figment/core/value.h"

namespace figment {

// Parses a TOML document. `source` is its path, for places. Throws Error(kConfig) with line and
// column for anything that is no TOML, is longer than 1 MiB, or holds dates (no setting is one).
Value parse_toml(std::string_view text, const std::string& source);

// TOML text of a string, quoted and escaped.
std::string toml_quoted(std::string_view text);

// TOML text of any value on one line (tables inline).
std::string toml_inline(const Value& value);

}  // namespace figment
