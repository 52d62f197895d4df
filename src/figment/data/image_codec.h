// PNG and JPEG in memory to and from tensors, by libpng and libjpeg.
#pragma once

#include <torch/torch.h>

#include <string>
#include <string_view>

namespace figment {

// Decodes a PNG or JPEG file held in `bytes`. Returns uint8 [C, H, W] with C = 1 (grey) or 3 (RGB);
// an alpha channel is laid on white, 16 bits are reduced to 8, palettes are expanded, JPEG CMYK is
// converted. Throws Error(kData) with `where` (a path) and the offset or line the decoder gives for
// anything malformed, truncated, or wider or higher than 16,384 pixels; never allocates for what
// the header merely claims beyond that.
torch::Tensor decode_image(std::string_view bytes, const std::string& where);

// Encodes uint8 [H, W], [1, H, W] or [3, H, W] as PNG.
std::string encode_png(const torch::Tensor& image);

}  // namespace figment
