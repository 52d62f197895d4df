// Any data set from a path, its format told from what the path holds.
#pragma once

#include <filesystem>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Reads, by content and only then by name:
//   a folder  with MNIST's IDX files (train-images-idx3-ubyte ..., .gz or not), with CIFAR-10's
//             data_batch_*.bin, with one Matrix Market file (documents.h), with images
//             (image_folder.h), or with one table (.csv, .tsv) or array (.npy), or two whose names
//             have the words train and test (then also .txt and .data); the first that fits
//   a file    IDX (its labels are found beside it by name), NPY, Matrix Market, CSV, or a batch of
//             CIFAR-10 (.bin)
// A table without header takes the names of its columns from the options, else from columns.csv or
// columns.txt beside it (column_names.h). Files may be gzip. image_size and channels apply to
// images of every format. Throws Error(kData) naming path and place for what cannot be read, and a
// list of these for what is not recognised; Error(kConfig) for options that do not apply to what
// was found.
Source read_path(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace figment
