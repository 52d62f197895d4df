// A network that guesses the code of an example, learned from what the decoder itself makes. Zhu,
// Kraehenbuehl, Shechtman & Efros, "Generative visual manipulation on the natural image manifold",
// 2016, section 3.1, there learned from examples.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>

#include "figment/apply/open_run.h"
#include "figment/core/say.h"
#include "figment/nn/coders.h"

namespace figment {

// Changes whenever the recipe gives another network for the same model.
inline constexpr int kInverseRecipe = 1;

// Trains it for a run whose model decodes, draws from its prior and has nothing but the class for a
// condition. The recipe is fixed: two convolutions for images of side 8 or more, then two linear
// layers; Adam for 1,000 steps of 128 codes from the prior and their examples, of classes in equal
// parts, at a rate of 0.002 that falls to 0 along a cosine; weights and codes from a seed that
// never changes. The error is that of the code, squared, in deviations of the prior.
Encoder train_inverse(const LoadedRun& run);

// Where it is kept, or an empty path for a checkpoint that was opened without its run. The name
// follows from the recipe and all that the model consists of.
std::filesystem::path inverse_file(const LoadedRun& run);

// The trained network, or the one that was kept, in evaluation mode on the model's device.
// Processes that want the same one take turns. A damaged file is told of and made anew; a folder
// that cannot be written is told of and done without.
Encoder learned_inverse(const LoadedRun& run, const Say& say = {});

}  // namespace figment
