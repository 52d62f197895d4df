// What describes an example beside its class: measured in images, read from a file beside them, or
// taken from the columns of a table.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/open.h"

namespace figment {

// The attributes that can be measured in any image, by the moments and the outline of its ink; see
// Castro et al., "Morpho-MNIST", JMLR 2019, for such measures of digits. Ink is the mean over
// channels, 0 (none) to 1.
//   slant: how far the writing leans to the right for each pixel upwards: minus the covariance of
//     column and row over the variance of the row, weighted by ink.
//   thickness: of the stroke in pixels: the width of the rectangle of the ink's area and outline.
//     Area A and length of the outline P are those of ink over its greatest value; with s = P / 2
//     the width is (s - sqrt(s^2 - 4 A)) / 2, or s / 2 for what is rounder than any rectangle.
//   width, height: columns and rows from the first to the last that holds ink of half its greatest
//     value, in pixels.
//   brightness: mean ink of all pixels.
// An empty image has 0 in all.
const std::vector<std::string>& measured_attributes();

// images [n, C, H, W], uint8, or float32 in [0, 1] -> [n, names] float32. `names` are of
// measured_attributes().
torch::Tensor measure_attributes(const torch::Tensor& images,
                                 const std::vector<std::string>& names);

// Gives both parts of a source the attributes that the configuration names, in that order; all of
// an attributes file when it names none but the file. `folder` is where its images lie, or "".
// Throws Error(kConfig) for an attribute that there is not; Error(kData) with file and line for a
// CSV that is malformed or lacks an example, and for a column that holds other than numbers or two
// words for yes and no.
void describe(Source& source, const DataConfig& config, const std::filesystem::path& folder);

}  // namespace figment
