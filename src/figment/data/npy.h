// NumPy's array files (.npy, versions 1 to 3), read strictly and written.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

bool is_npy(std::string_view head);

// The array in row-major order, whichever order it was stored in. Little-endian b1, u1, i1, i2, i4,
// i8, f2, f4, f8; u2 and u4 become the next wider signed type, as torch has none of their own.
// Throws Error(kData) with `where` and the offset for any other type (objects are never unpickled),
// a header that is not in the format, an empty array, or a size other than the header's.
torch::Tensor decode_npy(std::string_view bytes, const std::string& where);

// The version 1 file of `array`: bool, uint8, int8..int64, half, float or double; bfloat16 as
// float.
std::string encode_npy(const torch::Tensor& array);

// An array as a data set, without labels; a file may be gzip:
//   uint8 or bool (n, H, W), (n, C, H, W), (n, H, W, C), C 1 or 3   images; channels first if both
//   fit other numbers (n, D)                                            vectors, or series with
//   .series other numbers (n, T, D)                                         series floats within
//   0..1 (n, C, H, W) or (n, H, W, C); also (n, H, W) when .image_size or .channels say that they
//   are images                                        images, rounded to 8 bits
// Throws Error(kData) for other shapes and for values that are not finite in float32.
Dataset read_npy(const std::filesystem::path& path, const ReadOptions& options = {});
Dataset dataset_of_array(const torch::Tensor& array, const std::string& where,
                         const ReadOptions& options = {});

}  // namespace figment
