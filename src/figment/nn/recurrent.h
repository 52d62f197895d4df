// Stacked recurrent layers: LSTM (Hochreiter & Schmidhuber 1997) and GRU (Cho et al. 2014).
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <vector>

#include "figment/core/config.h"

namespace figment {

enum class Cell { kLstm, kGru };

constexpr auto enum_names(Cell) {
  return std::array{EnumName<Cell>{"lstm", Cell::kLstm}, EnumName<Cell>{"gru", Cell::kGru}};
}

// What layers remember between two steps: [layers, n, width] each; `cell` of LSTM only.
struct RecurrentState {
  torch::Tensor output{}, cell{};
};

// Layers of which each reads the outputs of the one below. Parameters are those of PyTorch's
// nn.LSTM and nn.GRU, under the same names. Input weights begin uniform (Glorot & Bengio 2010),
// recurrent ones orthogonal (Saxe et al. 2014), biases at 0 but for the forget gate's 1 (Gers et
// al. 2000), so that memory lasts before anything is learned.
class RecurrentStackImpl : public torch::nn::Module {
 public:
  RecurrentStackImpl(Cell cell, int64_t inputs, int64_t width, int64_t layers);

  // x [T, n, inputs] -> the last layer's outputs [T, n, width], from `state` on, which becomes that
  // after the last step. An undefined state is 0. Steps do not depend on those after them, so what
  // follows the end of a shorter series does it no harm.
  torch::Tensor forward(const torch::Tensor& x, RecurrentState& state);

  // Whether LSTM layers go by nn/lstm.h where it can take them; else by LibTorch's own.
  bool fused = true;

 private:
  torch::Tensor forward_fused(const torch::Tensor& x, RecurrentState& state);

  Cell cell_;
  int64_t width_, layers_;
  std::vector<torch::Tensor> weights_;  // of each layer: input and recurrent weight, their biases
};
TORCH_MODULE(RecurrentStack);

}  // namespace figment
