// Frames as one animated picture: APNG (exact) or GIF (256 colours, understood everywhere).
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace figment {

struct AnimationOptions {
  int delay_ms = 100;     // time of each frame, 10 to 65,535
  int last_delay_ms = 0;  // time of the last frame, if it should stay longer; 0: as the others
  int loops = 0;          // times it plays; 0: forever
};

// Frames uint8 [C, H, W], at least one, all of one shape, C = 1 or 3. Every pixel is kept.
std::string encode_apng(const std::vector<torch::Tensor>& frames,
                        const AnimationOptions& options = {});

// The same as GIF, in hundredths of a second. Grey frames, and colour frames of 256 colours or
// fewer in all, are exact; others are dithered by an ordered pattern to 6 x 7 x 6 levels of red,
// green and blue, the same for all frames so that nothing flickers.
std::string encode_gif(const std::vector<torch::Tensor>& frames,
                       const AnimationOptions& options = {});

}  // namespace figment
