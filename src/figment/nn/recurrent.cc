// Stacked LSTM and GRU layers, over LibTorch's own sequences or the fused one.
#include "figment/nn/recurrent.h"

#include <string>

#include "figment/nn/activation.h"
#include "figment/nn/lstm.h"

namespace figment {

RecurrentStackImpl::RecurrentStackImpl(Cell cell, int64_t inputs, int64_t width, int64_t layers)
    : cell_(cell), width_(width), layers_(layers) {
  const auto gates = cell == Cell::kLstm ? 4 : 3;
  for (int64_t i = 0; i < layers; ++i) {
    const auto suffix = "_l" + std::to_string(i);
    const auto fan_in = i == 0 ? inputs : width;
    const auto of_input = torch::empty({gates * width, fan_in});
    const auto of_output = torch::empty({gates * width, width});
    const auto bias = torch::zeros({gates * width});
    for (const auto& gate : of_input.split(width))
      initialize_output(gate, static_cast<double>(fan_in), static_cast<double>(width));
    for (const auto& gate : of_output.split(width)) torch::nn::init::orthogonal_(gate);
    if (cell == Cell::kLstm) bias.narrow(0, width, width).fill_(1);  // gates are i, f, g, o
    weights_.push_back(register_parameter("weight_ih" + suffix, of_input));
    weights_.push_back(register_parameter("weight_hh" + suffix, of_output));
    weights_.push_back(register_parameter("bias_ih" + suffix, bias));
    weights_.push_back(register_parameter("bias_hh" + suffix, torch::zeros({gates * width})));
  }
}

torch::Tensor RecurrentStackImpl::forward(const torch::Tensor& x, RecurrentState& state) {
  if (!state.output.defined()) {
    state.output = torch::zeros({layers_, x.size(1), width_}, x.options());
    if (cell_ == Cell::kLstm) state.cell = torch::zeros_like(state.output);
  }
  const bool learns = torch::GradMode::is_enabled();
  if (cell_ == Cell::kGru) {
    const auto [y, output] =
        torch::gru(x, state.output, weights_, true, layers_, 0, learns, false, false);
    state.output = output;
    return y;
  }
  if (fused && lstm_sequence_takes(x)) return forward_fused(x, state);
  const auto [y, output, memory] =
      torch::lstm(x, {state.output, state.cell}, weights_, true, layers_, 0, learns, false, false);
  state = {output, memory};
  return y;
}

torch::Tensor RecurrentStackImpl::forward_fused(const torch::Tensor& x, RecurrentState& state) {
  auto below = x;
  std::vector<torch::Tensor> outputs, cells;
  for (int64_t i = 0; i < layers_; ++i) {
    const auto* w = weights_.data() + 4 * i;
    const auto sums_of = [&](const torch::Tensor& inputs) {
      return torch::linear(inputs, w[0], w[2] + w[3]);
    };
    // Inputs that are the same at every step are multiplied once.
    const bool same = below.size(0) > 1 && below.stride(0) == 0;
    auto sums = same ? sums_of(below[0]) : sums_of(below);
    if (same) sums = sums.expand({below.size(0), -1, -1});
    const auto all = lstm_sequence(sums, w[1], state.output[i], state.cell[i]);
    below = all.output;
    outputs.push_back(below[below.size(0) - 1]);
    cells.push_back(all.cell);
  }
  state = {torch::stack(outputs), torch::stack(cells)};
  return below;
}

}  // namespace figment
