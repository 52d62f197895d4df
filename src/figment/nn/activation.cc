// Nonlinearities and initial weights.
#include "figment/nn/activation.h"

#include <cmath>

#include "figment/core/error.h"

namespace figment {

torch::Tensor activate(Activation activation, const torch::Tensor& x) {
  switch (activation) {
    case Activation::kRelu:
      return torch::relu(x);
    case Activation::kLeakyRelu:
      return torch::leaky_relu(x, kLeakySlope);
    case Activation::kElu:
      return torch::elu(x);
    case Activation::kSilu:
      return torch::silu(x);
    case Activation::kGelu:
      return torch::gelu(x);
    case Activation::kTanh:
      return torch::tanh(x);
    case Activation::kSigmoid:
      return torch::sigmoid(x);
  }
  FIGMENT_CHECK(false);
}

double gain(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return std::sqrt(2.0);
    case Activation::kLeakyRelu:
      return std::sqrt(2 / (1 + kLeakySlope * kLeakySlope));
    case Activation::kElu:  // no closed form from here on; the test integrates them
      return 1.2452;
    case Activation::kSilu:
      return 1.6765;
    case Activation::kGelu:
      return 1.5335;
    case Activation::kTanh:
      return 1.5925;
    case Activation::kSigmoid:
      return 1.8462;
  }
  FIGMENT_CHECK(false);
}

void initialize_output(const torch::Tensor& weight, double fan_in, double fan_out) {
  const torch::NoGradGuard no_grad;
  const double bound = std::sqrt(6 / (fan_in + fan_out));
  weight.uniform_(-bound, bound);
}

void initialize(const torch::Tensor& weight, Activation activation, double fan_in, double fan_out) {
  const torch::NoGradGuard no_grad;
  switch (activation) {
    case Activation::kTanh:
      initialize_output(weight, fan_in, fan_out);
      return;
    case Activation::kSigmoid:
      initialize_output(weight, fan_in, fan_out);
      weight.mul_(4);
      return;
    default:
      weight.normal_(0, gain(activation) / std::sqrt(fan_in));
  }
}

}  // namespace figment
