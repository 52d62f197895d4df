// The binary batches of CIFAR-10: records of 3,073 bytes, a label and 32x32 pixels of R, G, B
// planes. https://www.cs.toronto.edu/~kriz/cifar.html
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

constexpr int64_t kCifarRecord = 1 + 3 * 32 * 32;  // bytes

// Whether `bytes`, a whole file, can be a batch: whole records, every label within 0..9.
bool is_cifar(std::string_view bytes);

// The examples of the batches, in that order: uint8 [n, 3, 32, 32], with the ten classes. Throws
// Error(kData) with file and offset when a file is not whole records or a label is above 9.
Dataset read_cifar(const std::vector<std::filesystem::path>& batches,
                   const ReadOptions& options = {});

}  // namespace figment
