#include "figment/nn/recurrent.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

using torch::Tensor;

// One step of one layer as the equations are written; state [n, width], c of LSTM only.
void step(Cell cell, const Tensor& x, Tensor& h, Tensor& c, const Tensor* w) {
  const auto of_x = x.mm(w[0].t()) + w[2], of_h = h.mm(w[1].t()) + w[3];
  if (cell == Cell::kLstm) {
    const auto gates = (of_x + of_h).chunk(4, 1);
    c = gates[1].sigmoid() * c + gates[0].sigmoid() * gates[2].tanh();
    h = gates[3].sigmoid() * c.tanh();
    return;
  }
  const auto a = of_x.chunk(3, 1), b = of_h.chunk(3, 1);
  const auto reset = (a[0] + b[0]).sigmoid(), update = (a[1] + b[1]).sigmoid();
  h = (1 - update) * (a[2] + reset * b[2]).tanh() + update * h;
}

struct Pass {
  Tensor y;  // [T, n, width]
  RecurrentState state;
};

Pass by_hand(Cell cell, const RecurrentStack& stack, const Tensor& x, const RecurrentState& start) {
  const auto w = stack->parameters();
  Pass out;
  std::vector<Tensor> outputs, cells;
  auto below = x;
  for (int64_t layer = 0; layer < start.output.size(0); ++layer) {
    auto h = start.output[layer], c = cell == Cell::kLstm ? start.cell[layer] : Tensor();
    std::vector<Tensor> y;
    for (int64_t t = 0; t < x.size(0); ++t) {
      step(cell, below[t], h, c, w.data() + 4 * layer);
      y.push_back(h);
    }
    below = torch::stack(y);
    outputs.push_back(h);
    if (c.defined()) cells.push_back(c);
  }
  out.y = below;
  out.state.output = torch::stack(outputs);
  if (!cells.empty()) out.state.cell = torch::stack(cells);
  return out;
}

// Outputs, last state and every gradient, in double precision.
TEST(RecurrentStack, IsItsEquations) {
  for (const bool fused : {false, true}) {
    for (const auto cell : {Cell::kLstm, Cell::kGru}) {
      for (const int64_t layers : {1, 3}) {
        for (const int64_t steps : {1, 6}) {
          torch::manual_seed(3);
          RecurrentStack stack(cell, 3, 5, layers);
          stack->fused = fused;
          stack->to(torch::kDouble);
          const auto options = torch::TensorOptions(torch::kDouble);
          const auto x = torch::randn({steps, 4, 3}, options).requires_grad_();
          RecurrentState start{torch::randn({layers, 4, 5}, options).requires_grad_(), {}};
          if (cell == Cell::kLstm)
            start.cell = torch::randn({layers, 4, 5}, options).requires_grad_();
          Pass ours;
          ours.state = start;
          ours.y = stack(x, ours.state);
          const bool one = ours.y.grad_fn()->name().find("Sequence") != std::string::npos;
          EXPECT_EQ(one, fused && cell == Cell::kLstm) << ours.y.grad_fn()->name();
          const auto expected = by_hand(cell, stack, x, start);
          const auto loss_of = [](const Pass& run) {
            auto loss = run.y.sin().sum() + run.state.output.square().sum();
            if (run.state.cell.defined()) loss = loss + run.state.cell.cos().sum();
            return loss;
          };
          EXPECT_TRUE(torch::allclose(ours.y, expected.y, 0, 1e-12));
          EXPECT_NEAR(loss_of(ours).item<double>(), loss_of(expected).item<double>(), 1e-11);
          auto inputs = stack->parameters();
          inputs.push_back(x);
          inputs.push_back(start.output);
          if (cell == Cell::kLstm) inputs.push_back(start.cell);
          const auto got = torch::autograd::grad({loss_of(ours)}, inputs);
          const auto wanted = torch::autograd::grad({loss_of(expected)}, inputs);
          for (std::size_t i = 0; i < inputs.size(); ++i)
            EXPECT_TRUE(torch::allclose(got[i], wanted[i], 1e-10, 1e-11)) << i;
        }
      }
    }
  }
}

// An input that is the same at every step is multiplied once, and nothing else changes.
TEST(RecurrentStack, TakesAnInputThatDoesNotChange) {
  torch::manual_seed(6);
  RecurrentStack stack(Cell::kLstm, 3, 5, 2);
  stack->to(torch::kDouble);
  const auto one = torch::randn({4, 3}, torch::kDouble).requires_grad_();
  auto inputs = stack->parameters();
  inputs.push_back(one);
  const auto run = [&](const Tensor& x) {
    RecurrentState state;
    const auto y = stack(x, state);
    auto all = torch::autograd::grad({y.sin().sum()}, inputs);
    all.push_back(y.detach());
    return all;
  };
  const auto got = run(one.unsqueeze(0).expand({6, 4, 3}));
  const auto expected = run(one.unsqueeze(0).repeat({6, 1, 1}));
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(torch::allclose(got[i], expected[i], 1e-10, 1e-12)) << i;
}

TEST(RecurrentStack, GoesOnFromItsState) {
  torch::manual_seed(4);
  for (const auto cell : {Cell::kLstm, Cell::kGru}) {
    RecurrentStack stack(cell, 2, 4, 2);
    const auto x = torch::randn({7, 3, 2});
    RecurrentState all, state;
    const auto whole = stack(x, all);
    const auto parts =
        torch::cat({stack(x.narrow(0, 0, 3), state), stack(x.narrow(0, 3, 4), state)});
    EXPECT_TRUE(torch::allclose(whole, parts, 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(all.output, state.output, 1e-5, 1e-6));
  }
}

TEST(RecurrentStack, BeginsWithAMemoryThatLasts) {
  torch::manual_seed(5);
  RecurrentStack stack(Cell::kLstm, 3, 8, 2);
  for (const auto& item : stack->named_parameters()) {
    const auto& w = item.value();
    if (item.key().rfind("bias_ih", 0) == 0) {
      EXPECT_EQ(w.sum().item<double>(), 8) << item.key();
      EXPECT_EQ(w.narrow(0, 8, 8).min().item<double>(), 1);
    }
    if (item.key().rfind("weight_hh", 0) == 0) {
      for (const auto& gate : w.split(8))
        EXPECT_TRUE(torch::allclose(gate.mm(gate.t()), torch::eye(8), 0, 1e-5)) << item.key();
    }
  }
}

}  // namespace
}  // namespace figment
