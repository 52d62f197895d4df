// The LeNet-5 that figment trains itself, always alike, to say what is in pictures. LeCun, Bottou,
// Bengio & Haffner, "Gradient-based learning applied to document recognition", 1998, section II.B;
// here with rectified units, maxima for means in the pooling, and a softmax layer at the end.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "figment/core/say.h"
#include "figment/data/dataset.h"
#include "figment/eval/feature_net.h"

namespace figment {

// Changes whenever the recipe gives another network from the same pictures.
inline constexpr int kLenetRecipe = 1;
inline constexpr int64_t kLenetFeatures = 84;

// Whether a LeNet can learn from the set: labelled images of two classes at least.
bool suits_lenet(const Dataset& set);

// Trains it on labelled images. The recipe is fixed: images at 32x32, AdamW with weight decay 0.01,
// batches of 128, a rate of 0.002 that falls to 0 along a cosine over 10 passes, though 300 steps
// at least and 5,000 at most; weights and order from a seed that never changes. In the end
// the features are scaled to mean square 1 over the training images. The same pictures and the same
// number of threads give the same bits. Throws Error(kData) when the set does not suit it.
FeatureNet train_lenet(const Dataset& training);

// The share of `test` that it takes for another class than it is. Labelled images; classes are
// compared by their names.
double error_of(const FeatureNet& net, const Dataset& test);

// Where lenet() keeps what it trained: $XDG_CACHE_HOME/figment/features or
// ~/.cache/figment/features; nothing if neither variable is set.
std::optional<std::filesystem::path> features_folder();

// The LeNet of these parts of a set: trained, or taken from the cache where a file of exactly these
// pictures, labels and recipe lies. What it is, on what it was trained and its error on `test` (may
// be empty) are in its title. Processes that want the same one take turns. A damaged file is told
// of and made anew; a folder that cannot be written is told of and done without.
FeatureNet lenet(const Dataset& training, const Dataset& test, const Say& say = {});

}  // namespace figment
