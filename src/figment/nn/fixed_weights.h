// The weights of a network as constants for a while.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace figment {

// While it lives, graphs are built with the network's weights as constants: gradients pass through
// to its input, and nobody computes those of its weights.
class FixedWeights {
 public:
  explicit FixedWeights(const torch::nn::Module& network) : parameters_(network.parameters()) {
    for (auto& parameter : parameters_) parameter.set_requires_grad(false);
  }
  ~FixedWeights() {
    for (auto& parameter : parameters_) parameter.set_requires_grad(true);
  }
  FixedWeights(const FixedWeights&) = delete;
  FixedWeights& operator=(const FixedWeights&) = delete;

 private:
  std::vector<torch::Tensor> parameters_;
};

}  // namespace figment
