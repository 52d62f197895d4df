// From what a recipe says of its data to the data: a built-in set, a set known by name, or a path.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "figment/core/config.h"
#include "figment/data/dataset.h"
#include "figment/data/named.h"
#include "figment/data/scaling.h"

namespace figment {

constexpr auto enum_names(ScalingKind) {
  return std::array{EnumName<ScalingKind>{"auto", ScalingKind::kAuto},
                    EnumName<ScalingKind>{"none", ScalingKind::kNone},
                    EnumName<ScalingKind>{"standard", ScalingKind::kStandard},
                    EnumName<ScalingKind>{"unit", ScalingKind::kUnit}};
}

struct DataConfig {
  std::string source = "digits";
  int64_t size = 0;
  double validation = 0.1;
  double test = 0.1;
  int64_t image_size = 0;
  int64_t channels = 0;
  std::string label_column = "";
  std::vector<std::string> normal = {};
  bool series = false;
  ScalingKind scaling = ScalingKind::kAuto;

  static constexpr auto fields() {
    using C = DataConfig;
    return std::tuple{
        Field{"source", &C::source, "A built-in set, a set known by name, or a path."},
        Field{"size", &C::size, "Use the first n training examples; 0 is all.", AtLeast{0}},
        Field{"validation", &C::validation, "Share of the training examples held out to validate.",
              Within{0, 0.9}},
        Field{"test", &C::test, "Share held out to test, when the source has no test set.",
              Within{0, 0.9}},
        Field{"image_size", &C::image_size, "Resize and crop images to this side; 0 keeps them.",
              Within{0, 4096}},
        Field{"channels", &C::channels, "1 for grey, 3 for colour, 0 as found.", Within{0, 3}},
        Field{"label_column", &C::label_column, "Column of a CSV that holds the class."},
        Field{"normal", &C::normal,
              "Classes taken for normal, to find anomalies: only their examples are trained on and "
              "validated, those of all other classes go to the test part. Empty: no such split."},
        Field{"series", &C::series, "Read rows of numbers as series over time."},
        Field{"scaling", &C::scaling, "How numbers are scaled for the model."}};
  }
  void check(const Problems::Scope& scope) const {
    if (channels == 2) scope.add("channels", "expected 1, 3 or 0, got 2");
  }
};

struct Splits {
  Dataset train{}, validation{}, test{};  // the latter two may hold no example
  std::string fingerprint{};              // checksum of the training examples and labels
};

// [n] bool: which examples of `set` are of none of the classes `normal`. Throws Error(kConfig)
// naming the classes there are, Error(kData) when the set has no labels.
torch::Tensor anomalies(const Dataset& set, const std::vector<std::string>& normal);

// Reads or makes the data. Throws Error(kData) when there is none, or it cannot be read.
Splits open_data(const DataConfig& config, const Watch& watch = {});

}  // namespace figment
