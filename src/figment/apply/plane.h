// A plane of codes: all there are of a code of two numbers, a section through wider ones; and a
// walk through it as an animation.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "figment/apply/code_space.h"

namespace figment {

class CodePlane {
 public:
  // Of a code of two numbers both. Of wider ones the coordinates `axes`, counted from 0, while the
  // others stay at their mean; or, without `axes`, the two main axes of the codes through their
  // mean. Codes come from `set`. Equal room goes to equal shares of the codes, or when the code has
  // two numbers and the model samples of its prior (shares_of in latent.h). For a model that does
  // not encode they come from its prior: the first two coordinates. Where codes lie as the prior's
  // do, all that is not in the plane is that of one code rather than of the mean. Throws
  // Error(kConfig) for axes that are not there, Error(kData) for codes of one number.
  CodePlane(const CodeSpace& space, const Dataset& set,
            const std::optional<std::pair<int64_t, int64_t>>& axes = {});

  // Points [m, 2] of the unit square, the first coordinate to the right and the second upwards ->
  // codes [m, width].
  torch::Tensor codes(const torch::Tensor& unit) const;

  // What is across and what upwards, such as "coordinate 3", "main axis 1".
  const std::pair<std::string, std::string>& names() const { return names_; }

 private:
  torch::Tensor origin_;    // [k] double
  torch::Tensor axes_;      // [2, k] double
  torch::Tensor position_;  // [n, 2] of codes on the axes; undefined: standard normal
  std::pair<std::string, std::string> names_;
};

// Points [frames, 2] of a closed curve that passes through all parts of the unit square: a
// Lissajous figure of 2 and 3 turns.
torch::Tensor unit_walk(int64_t frames);

// Frames of a walk for an animation, uint8 [C, height, width]: at the left the grid
// [side * side, C, H, W] without gaps, with the place of each step outlined; at the right the
// decoded images `walk` [frames, C, H, W], as large as the grid. Images in [0, 1].
std::vector<torch::Tensor> walk_frames(const torch::Tensor& grid, const torch::Tensor& walk,
                                       const torch::Tensor& unit);

}  // namespace figment
