// Arrows in the plane, for fields of directions.
#pragma once

#include <torch/torch.h>

#include <string>

#include "figment/report/plot.h"

namespace figment {

struct ArrowPlot {
  PlotFrame frame{{}, {}, {}, 300, 300};
  torch::Tensor from{}, to{};  // [n, 2] each, any floating type
  torch::Tensor points{};      // [m, 2] drawn behind, or undefined
};

// An arrow from each of `from` to the same of `to`. The axes span the places arrows begin at, with
// a margin; what leaves them is cut, what is not finite left out.
std::string arrow_plot(const ArrowPlot& plot);

}  // namespace figment
