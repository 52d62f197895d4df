// What encode writes beside codes in a CSV, and decode reads there.
#pragma once

namespace figment::cli {

// Before the names of attributes in the header: they may be called as anything else is.
constexpr const char* kAttributeColumn = "attribute:";

}  // namespace figment::cli
