// Images brought to one size and one number of channels.
#pragma once

#include <string>

#include "figment/data/dataset.h"
#include "figment/data/read_options.h"

namespace figment {

// Throws Error(kConfig) for an image_size outside 0..16384 or channels other than 0, 1, 3.
void check_image_options(const ReadOptions& options);

// Image uint8 [C, H, W], C 1 or 3, as the options want it. Colours become grey by ITU-R BT.601, to
// the bit as in PIL; grey becomes three equal channels. The shorter side is resized to
// options.image_size, bilinear with antialiasing, the longer in proportion, and the centre square
// cut out. Throws Error(kData) with `where` for an image over 32 times as long as wide that is to
// be resized.
torch::Tensor fit_image(const torch::Tensor& image, const ReadOptions& options,
                        const std::string& where);

// All images of a set likewise.
void fit_images(Dataset& set, const ReadOptions& options, const std::string& where);

}  // namespace figment
