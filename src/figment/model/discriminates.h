// An ability of models that learn against a discriminator of examples: to say what it thinks.
#pragma once

#include <torch/torch.h>

#include "figment/data/batch.h"
#include "figment/nn/adversarial_losses.h"

namespace figment {

// Marks models whose samples are by a generator that learns against something that tells them from
// true examples, so that it may make a few kinds again and again and lose the others.
struct MayLoseModes {
  virtual ~MayLoseModes() = default;
};

struct Discriminates : MayLoseModes {
  // The game it is played by, which tells what a score means: of non_saturating and minimax the
  // log-odds of being a true example.
  virtual AdversarialLoss game() const = 0;
  // A score for each example, [n], higher for what is taken for true.
  virtual torch::Tensor scores(const Batch& batch) = 0;
};

}  // namespace figment
