// The nonlinearities that operators of our own apply, by the kernels' names.
#pragma once

#include <torch/torch.h>

#include <optional>

#include "figment/kernels/curve.h"
#include "figment/nn/activation.h"

namespace figment {

// That of an activation, kNone of none; nothing where the kernels have no such curve.
std::optional<Curve> curve_of(std::optional<Activation> activation);

// By LibTorch's operators, for where the graph goes on being recorded: f(z), and of_y f'(z) from
// y = f(z) or, unless slope_from_output(), from z in its place.
torch::Tensor curve_value(Curve curve, const torch::Tensor& z);
torch::Tensor curve_back(Curve curve, const torch::Tensor& of_y, const torch::Tensor& kept);

}  // namespace figment
