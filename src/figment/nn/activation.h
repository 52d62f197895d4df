// The nonlinearities that a configuration can name, and the initial weights that suit each.
#pragma once

#include <torch/torch.h>

#include <array>

#include "figment/core/config.h"

namespace figment {

enum class Activation { kRelu, kLeakyRelu, kElu, kSilu, kGelu, kTanh, kSigmoid };

constexpr auto enum_names(Activation) {
  return std::array{EnumName<Activation>{"relu", Activation::kRelu},
                    EnumName<Activation>{"leaky_relu", Activation::kLeakyRelu},
                    EnumName<Activation>{"elu", Activation::kElu},
                    EnumName<Activation>{"silu", Activation::kSilu},
                    EnumName<Activation>{"gelu", Activation::kGelu},
                    EnumName<Activation>{"tanh", Activation::kTanh},
                    EnumName<Activation>{"sigmoid", Activation::kSigmoid}};
}

// The slope of leaky_relu below zero (Radford et al. 2016).
constexpr double kLeakySlope = 0.2;

// f(x), element by element.
torch::Tensor activate(Activation activation, const torch::Tensor& x);

// 1 / sqrt(E f(z)^2) for z ~ N(0, 1): the factor that keeps the mean square of a deep stack's
// values at 1 (He et al. 2015; sqrt(2) for relu).
double gain(Activation activation);

// Draws initial weights in place for a layer whose output goes through `activation`; `fan_in` and
// `fan_out` are the inputs of one output and the outputs of one input.
//   relu, leaky_relu, elu, silu, gelu: normal of deviation gain / sqrt(fan_in), where the gain is
//     the activation's (He et al. 2015, equation 10);
//   tanh, sigmoid: uniform within +-sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, equation
//   16),
//     four times that for sigmoid, whose slope at zero is a quarter.
void initialize(const torch::Tensor& weight, Activation activation, double fan_in, double fan_out);

// For a layer whose output goes through no activation: Glorot's uniform.
void initialize_output(const torch::Tensor& weight, double fan_in, double fan_out);

}  // namespace figment
