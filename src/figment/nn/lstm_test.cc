#include "figment/nn/lstm.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

using torch::Tensor;

struct Case {
  int64_t steps, n, inputs, width;
};
// Sizes beside those of vectors, and rows enough to be split between threads.
const std::vector<Case> kCases = {{1, 1, 1, 1}, {5, 3, 2, 7}, {9, 4, 1, 33}, {3, 130, 3, 40}};

// Ours and LibTorch's from the same numbers: outputs, last cell, and all gradients of a number that
// hangs on the outputs, on the last cell, or on both.
enum class Hangs { kOnOutput, kOnCell, kOnBoth };
void expect_torchs(const Case& c, torch::Dtype type, double tolerance, Hangs hangs) {
  torch::manual_seed(2);
  const auto draw = [&](at::IntArrayRef shape) {
    return torch::randn(shape, type).mul_(0.5).requires_grad_();
  };
  const auto x = draw({c.steps, c.n, c.inputs}), output = draw({c.n, c.width});
  const auto cell = draw({c.n, c.width}), of_input = draw({4 * c.width, c.inputs});
  const auto weight = draw({4 * c.width, c.width}), bias = draw({4 * c.width});
  const auto zero = torch::zeros({4 * c.width}, type);
  const std::vector<Tensor> inputs = {x, output, cell, of_input, weight, bias};
  const auto number = [&](const Tensor& y, const Tensor& last) {
    auto sum = torch::zeros({}, type);
    if (hangs != Hangs::kOnCell) sum = sum + y.sin().sum();
    if (hangs != Hangs::kOnOutput) sum = sum + last.cos().sum();
    return sum;
  };
  const auto ours = lstm_sequence(torch::linear(x, of_input, bias), weight, output, cell);
  const auto theirs = torch::lstm(x, {output.unsqueeze(0), cell.unsqueeze(0)},
                                  {of_input, weight, bias, zero}, true, 1, 0, true, false, false);
  const auto close = [&](const Tensor& got, const Tensor& expected, const char* name) {
    const auto scale = 1 + expected.abs().max().item<double>();
    EXPECT_LT((got - expected).abs().max().item<double>(), tolerance * scale)
        << name << " of " << c.steps << "x" << c.n << "x" << c.inputs << "x" << c.width;
  };
  close(ours.output, std::get<0>(theirs), "output");
  close(ours.cell, std::get<2>(theirs)[0], "cell");
  const auto got = torch::autograd::grad({number(ours.output, ours.cell)}, inputs);
  const auto expected =
      torch::autograd::grad({number(std::get<0>(theirs), std::get<2>(theirs)[0])}, inputs);
  const char* names[] = {"x", "output", "cell", "of_input", "weight", "bias"};
  for (std::size_t i = 0; i < inputs.size(); ++i) close(got[i], expected[i], names[i]);
}

TEST(LstmSequence, IsTorchsLstm) {
  for (const auto& c : kCases)
    for (const auto hangs : {Hangs::kOnOutput, Hangs::kOnCell, Hangs::kOnBoth}) {
      expect_torchs(c, torch::kDouble, 1e-12, hangs);
      expect_torchs(c, torch::kFloat, 1e-5, hangs);
    }
}

TEST(LstmSequence, LeavesOutGradientsThatNobodyWants) {
  const auto sums = torch::randn({3, 2, 8}).requires_grad_();
  const auto weight = torch::randn({8, 2}), start = torch::zeros({2, 2});
  const auto all = lstm_sequence(sums, weight, start, start);
  const auto gradient = torch::autograd::grad({all.output.sum()}, {sums});
  EXPECT_GT(gradient[0].abs().sum().item<double>(), 0);
  EXPECT_FALSE(lstm_sequence(sums.detach(), weight, start, start).output.requires_grad());
}

TEST(LstmSequence, DoesNotDependOnTheNumberOfThreads) {
  const auto run = [] {
    torch::manual_seed(3);
    const auto sums = torch::randn({4, 200, 128}).requires_grad_();
    const auto start = torch::zeros({200, 32});
    const auto weight = torch::zeros({128, 32});  // products apart: the gates alone are ours
    const auto all = lstm_sequence(sums, weight, start, start);
    return torch::autograd::grad({all.output.sin().sum()}, {sums})[0];
  };
  const auto threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const auto one = run();
  torch::set_num_threads(2);
  const auto two = run();
  torch::set_num_threads(threads);
  EXPECT_TRUE(one.equal(two));
}

}  // namespace
}  // namespace figment
