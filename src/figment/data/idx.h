// The IDX format of MNIST and its relatives: images and labels as unsigned bytes.
// http://yann.lecun.com/exdb/mnist: u32 magic 00 00 08 DIMS, u32 extents (big-endian), the bytes.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Whether these first bytes of a file are those of an IDX file of any type and dimensions.
bool is_idx(std::string_view head);

// Labels uint8 [n] or images uint8 [n, H, W]. Throws Error(kData) with `where` and the offset for
// another type or number of dimensions, an empty extent, or a size other than the header's.
// The tensor lies in the bytes given: move them.
torch::Tensor decode_idx(std::string file, const std::string& where);

// The file of `values`, uint8 [n] or [n, H, W].
std::string encode_idx(const torch::Tensor& values);

// The data set of an image file, with the labels of `labels` unless that is empty; either may be
// gzip. Images are uint8 [n, 1, H, W], classes "0".."m".
Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                 const ReadOptions& options = {});

}  // namespace figment
