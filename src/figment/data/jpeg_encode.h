// Images to JPEG, to have something to compare a compression with.
#pragma once

#include <torch/torch.h>

#include <string>

namespace figment {

// Encodes uint8 [1, H, W] or [3, H, W] as baseline JPEG with optimised Huffman tables; quality 1 to
// 100 as libjpeg means it.
std::string encode_jpeg(const torch::Tensor& image, int quality);

}  // namespace figment
