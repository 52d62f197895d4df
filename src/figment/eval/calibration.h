// Sets whose quality is known, to hold samples against: new real examples, and what simple damage
// makes of them.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/eval/feature_space.h"

namespace figment {

// None of these is held: it says which training examples it is made of, and how.
struct CalibrationSet {
  std::string name{};             // real, thresholded, pca_50, pca_30, class_missing
  std::string what{};             // in words
  torch::Tensor index{};          // [m] int64, the rows of the training set
  FeatureSpace::Change change{};  // what is made of some of these; empty: they are as they are

  int64_t size() const { return index.size(0); }
};

// Made of n training examples (fewer, if there are fewer). `real`: as they are, which is the floor
// that no model can be told to be below; `thresholded` (images): bytes from 128 on white, the rest
// black; `pca_50`, `pca_30` (images): their reconstructions by so many principal components of the
// training part, cut to 8 bits, where examples have more elements than that and at most
// kWidestPca; `class_missing`: n examples of all classes but the first, where there are labels of
// two classes or more.
std::vector<CalibrationSet> calibration_sets(const Dataset& training, int64_t n);

}  // namespace figment
