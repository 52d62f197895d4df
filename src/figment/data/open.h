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
#include "figment/data/table_encoding.h"

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
  std::vector<std::string> column_names = {};
  std::string columns_file = "";
  std::vector<std::string> ignore = {};
  std::vector<std::string> one_hot = {};
  std::vector<std::string> log1p = {};
  std::vector<std::string> normal = {};
  std::vector<std::string> attributes = {};
  std::string attributes_file = "";
  bool series = false;
  bool masking = false;
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
        Field{"label_column", &C::label_column,
              "Column of a table that holds the class: its name, its position from 0, first or "
              "last; none says that no column does."},
        Field{"column_names", &C::column_names, "Names of all columns of a table without header."},
        Field{"columns_file", &C::columns_file,
              "A file of these names in their place. Empty: columns.csv beside the table, if it is "
              "there."},
        Field{"ignore", &C::ignore, "Columns of a table that are left out."},
        Field{"one_hot", &C::one_hot,
              "Columns of numbers that are categories. Columns of words are in any case; each "
              "category of the training part becomes an input of 0 or 1."},
        Field{"log1p", &C::log1p,
              "Columns of numbers x taken as sign(x) log(1 + |x|), before scaling; \"*\" is all."},
        Field{"normal", &C::normal,
              "Classes taken for normal, to find anomalies: only their examples are trained on and "
              "validated, those of all other classes go to the test part. Empty: no such split."},
        Field{"attributes", &C::attributes,
              "What describes an example beside its class. Tables: columns of numbers, or of yes "
              "and no, which are then no inputs. Images: slant, thickness, width, height, "
              "brightness, measured in each; or columns of attributes_file."},
        Field{"attributes_file", &C::attributes_file,
              "A CSV with a column file and one for each attribute, for a folder of images. Empty: "
              "attributes.csv in the folder, if it is there."},
        Field{"series", &C::series, "Read rows of numbers as series over time."},
        Field{"masking", &C::masking,
              "Series may end early: they are padded to the longest, and the model is told where "
              "each ends."},
        Field{"scaling", &C::scaling, "How numbers are scaled for the model."}};
  }
  void check(const Problems::Scope& scope) const {
    if (channels == 2) scope.add("channels", "expected 1, 3 or 0, got 2");
    if (!column_names.empty() && !columns_file.empty())
      scope.add("columns_file", "expected either column_names or a file of them, got both");
    if (masking && !series)
      scope.add("masking", "expected series=true with it: only series may end early");
  }
};

struct Splits {
  Dataset train{}, validation{}, test{};  // the latter two may hold no example
  std::string fingerprint{};              // checksum of the training examples and labels
  TableEncoding encoding{};               // how columns became what the three parts hold
};

// [n] bool: which examples of `set` are of none of the classes `normal`. Throws Error(kConfig)
// naming the classes there are, Error(kData) when the set has no labels.
torch::Tensor anomalies(const Dataset& set, const std::vector<std::string>& normal);

// Reads or makes the data. Tables are encoded as `fitted` says, which is how a model was trained;
// without it as suits the training part. Throws Error(kData) when there is none, it cannot be read,
// or it does not fit `fitted`.
Splits open_data(const DataConfig& config, const Watch& watch = {},
                 const TableEncoding* fitted = nullptr);

}  // namespace figment
