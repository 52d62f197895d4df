// The data that figment makes itself, by name: nothing to download.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "figment/data/dataset.h"

namespace figment {

struct BuiltinCard {
  const char* name;
  const char* description;  // one line
};

// Every built-in set: "digits", then those of toy.h.
const std::vector<BuiltinCard>& builtins();

struct BuiltinOptions {
  std::uint64_t seed = 0;
  int64_t image_size = 28;           // pixels; images only
  std::optional<int64_t> n_train{};  // the set's own default if not given
  std::optional<int64_t> n_test{};
};

// The set called `name`, or nothing if there is none of that name. Throws Error(kConfig) for
// options out of the set's range.
std::optional<Source> builtin(std::string_view name, const BuiltinOptions& options = {});

}  // namespace figment
