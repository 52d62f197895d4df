// Any data set from a path, its format told from what the path holds.
#pragma once

#include <filesystem>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Reads, by content and only then by name:
//   a folder  with MNIST's IDX files (train-images-idx3-ubyte ..., .gz or not), with CIFAR-10's
//             data_batch_*.bin, with images (image_folder.h), or with one .csv, .tsv or .npy file
//             or two ending in train and test; the first of these that fits
//   a file    IDX (its labels are found beside it by name), NPY, CSV, or a batch of CIFAR-10 (.bin)
// Files may be gzip. image_size and channels apply to images of every format. Throws Error(kData)
// naming path and place for what cannot be read, and a list of these for what is not recognised;
// Error(kConfig) for options that do not apply to what was found.
Source read_path(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace figment
