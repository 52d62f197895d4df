// A small network that learns classes by one fixed recipe: what a classifier is held against.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>

#include "figment/data/scaling.h"
#include "figment/nn/coders.h"

namespace figment {

// One hidden layer of 256 (relu), cross-entropy, Adam at 1e-3 falling along a cosine to 0, batches
// of 128, five passes over the training part and at least 300 steps. Not tuned for any data.
class PlainClassifier {
 public:
  // Learns from a set with labels in [0, classes), fed as `scaling` says. The same seed gives the
  // same network with the same number of threads. Draws from LibTorch's generator.
  PlainClassifier(const Dataset& training, const Scaling& scaling, int64_t classes,
                  std::uint64_t seed);
  torch::Tensor classify(const Dataset& set);  // [n, classes], log p(class | x)

 private:
  Scaling scaling_;
  Encoder network_;
};

}  // namespace figment
