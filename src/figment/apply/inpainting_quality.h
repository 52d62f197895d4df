// How lifelike completed images are. The nearest filling is the mean of all that would do, which
// looks like none of them; a distance between sets of images sees that.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/apply/inpainting.h"
#include "figment/core/say.h"
#include "figment/eval/metric.h"

namespace figment {

// Of fewer completed images nothing is said: a distance between small sets is mostly of chance.
inline constexpr int64_t kFewestJudged = 100;

// Adds to `out` how the images `completed` [n, C, H, W] in [0, 1], one answer for each, lie to the
// images of `set` that they complete, as sets: fid, precision, recall, density and coverage
// (eval/sample_quality.h) with their intervals; as baselines the same of each filling, with its
// name before them; and notes of what these are. Of images rounded to 8 bits, as the true ones are.
// Features are those of the network in the file `features` or, where it is empty, of the LeNet of
// the run's own data, of which `training` is a part, as `eval` has it. Where there are fewer than
// kFewestJudged images, or no labels for a LeNet to learn from, a note says that instead. Throws
// what feature_space() throws.
void judge_completed(const LoadedRun& run, const Dataset& training, const Dataset& set,
                     const torch::Tensor& completed, const std::vector<Filling>& fillings,
                     const std::string& features, const Say& say, Measured& out);

}  // namespace figment
