// An ability of models that learn against a discriminator of examples: to say what it thinks.
#pragma once

#include <torch/torch.h>

#include "figment/data/batch.h"
#include "figment/nn/adversarial_losses.h"

namespace figment {

struct Discriminates {
  virtual ~Discriminates() = default;
  // The game it is played by, which tells what a score means: of non_saturating and minimax the
  // log-odds of being a true example.
  virtual AdversarialLoss game() const = 0;
  // A score for each example, [n], higher for what is taken for true.
  virtual torch::Tensor scores(const Batch& batch) = 0;
};

}  // namespace figment
