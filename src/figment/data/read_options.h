// How a data set is to be read: what its files do not say themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "figment/data/gzip.h"

namespace figment {

// What a column of a table is for.
enum class ColumnRole {
  kAny,     // told from what it holds
  kNumber,  // numbers: a word there is a mistake
  kWord,    // categories, whatever they look like
  kLabel,   // the class, unless another column is asked for
  kIgnored
};

struct NamedColumn {
  std::string name{};
  ColumnRole role = ColumnRole::kAny;
};

struct ReadOptions {
  // Tables: the column of labels: its name, or its position from 0, "first" or "last". Empty: none,
  // unless a NamedColumn is the label. "none": none in any case.
  std::string label_column{};
  // Tables without a header: what their columns are. Empty: columns.csv or columns.txt in the same
  // folder says it, if it is there.
  std::vector<NamedColumn> columns{};
  // Tables: columns left out, and columns read as categories though they hold numbers, by name or
  // position. Columns whose first row is no number are categories without this.
  std::vector<std::string> ignore{};
  std::vector<std::string> words{};
  // Tables: a column that looks like the label is refused while label_column is empty.
  bool guard_label = false;
  // These options were made for another file: what they name need not be in this one.
  bool applying = false;
  // Images: shorter side resized to this, then the centre square cut out. 0: as they are.
  int64_t image_size = 0;
  // Images: 1 (grey), 3 (RGB), 0: as they are.
  int64_t channels = 0;
  // CSV and two-dimensional NPY: each row is a series of single values, not a vector.
  bool series = false;
  // Series that end early are padded to the longest, and Dataset::length says where they end.
  bool masking = false;
  // The test set may have classes that the training set has not.
  bool new_classes = false;
  // Name of the data set; empty: from the path.
  std::string name{};
  // The most that is taken into memory.
  std::uint64_t max_bytes = kMaxDataBytes;
};

}  // namespace figment
