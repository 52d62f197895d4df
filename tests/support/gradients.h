// Holds a function's gradients to finite differences.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <vector>

namespace figment {

// `f` maps the inputs, float64 tensors, to a tensor. Compares the gradient of a fixed random
// combination of its outputs with central differences, for every element of every input.
inline void expect_gradients(
    const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& f,
    std::vector<torch::Tensor> inputs, double tolerance = 1e-6) {
  torch::manual_seed(99);
  const auto weights = torch::randn_like(f(inputs)).detach();
  const auto value = [&] { return (f(inputs) * weights).sum(); };
  for (auto& input : inputs) {
    ASSERT_EQ(input.scalar_type(), torch::kFloat64);
    input = input.detach().clone().requires_grad_();
  }
  const auto gradients = torch::autograd::grad({value()}, inputs);
  const torch::NoGradGuard no_grad;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    auto* x = inputs[k].data_ptr<double>();
    const auto gradient = gradients[k].contiguous();
    for (int64_t i = 0; i < inputs[k].numel(); ++i) {
      const double before = x[i], h = 1e-5;
      x[i] = before + h;
      const double up = value().item<double>();
      x[i] = before - h;
      const double down = value().item<double>();
      x[i] = before;
      const double expected = (up - down) / (2 * h);
      EXPECT_NEAR(gradient.data_ptr<double>()[i], expected, tolerance * (1 + std::abs(expected)))
          << "input " << k << ", element " << i;
    }
  }
}

}  // namespace figment
