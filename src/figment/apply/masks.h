// Which pixels of an image are known and which are hidden, by name or from a file.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "figment/data/dataset.h"

namespace figment {

// The names there are, of what is hidden: centre (a window of half the height and width), left,
// right, top, bottom (half the image), border (all but the centre), lines (every other row).
const std::vector<std::string>& mask_names();

// [1, 1, H, W] float32 on the CPU, 1 where a pixel is known and 0 where it is hidden. `word` is one
// of the names, a PNG or JPEG file (bright where known, black where hidden), or a .npy of [H, W] (0
// where hidden). Throws Error(kConfig) for another word, for examples that are no images, and for a
// file that does not fit them: of another height or width, or an array of other than two
// dimensions; Error(kData) for a file that cannot be read, or that hides nothing or everything.
torch::Tensor mask_of(const std::string& word, const ExampleSpec& example);

}  // namespace figment
