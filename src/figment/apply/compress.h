// A set of examples kept as quantised codes of a model, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "figment/apply/open_run.h"

namespace figment {

// The bytes of a code file (data/code_file.h) of `set`, `bits` (1 to 16) for each coordinate. For
// models that encode and decode codes alone (eval/compression.h); throws Error(kConfig) for others.
std::string compress(const LoadedRun& run, const Dataset& set, int64_t bits);

// Examples [n, shape...] in the model's numbers, float32 on the CPU; NaN behind the end of series
// that end early. Throws Error(kData) with `where` when the bytes are damaged or the codes are of
// another model or checkpoint.
torch::Tensor decompress(const LoadedRun& run, std::string_view bytes, const std::string& where);

}  // namespace figment
