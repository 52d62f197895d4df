// How a data set is to be read: what its files do not say themselves.
#pragma once

#include <cstdint>
#include <string>

#include "figment/data/gzip.h"

namespace figment {

struct ReadOptions {
  // CSV: the column of labels: its name, or its position from 0, "first" or "last". Empty: no
  // labels.
  std::string label_column{};
  // Images: shorter side resized to this, then the centre square cut out. 0: as they are.
  int64_t image_size = 0;
  // Images: 1 (grey), 3 (RGB), 0: as they are.
  int64_t channels = 0;
  // CSV and two-dimensional NPY: each row is a series of single values, not a vector.
  bool series = false;
  // Name of the data set; empty: from the path.
  std::string name{};
  // The most that is taken into memory.
  std::uint64_t max_bytes = kMaxDataBytes;
};

}  // namespace figment
