#include "figment/models/flow/networks.h"

#include <algorithm>
#include <string>

#include "figment/core/fast_paths.h"
#include "figment/nn/patches.h"
#include "figment/nn/row_network.h"

namespace figment::models {
namespace {

void initialize_hidden(const torch::Tensor& weight, const torch::Tensor& bias,
                       Activation activation) {
  const auto taps = static_cast<double>(weight[0][0].numel());
  initialize(weight, activation, taps * static_cast<double>(weight.size(1)),
             taps * static_cast<double>(weight.size(0)));
  torch::nn::init::zeros_(bias);
}

void zero(const torch::Tensor& weight, const torch::Tensor& bias) {
  torch::nn::init::zeros_(weight);
  torch::nn::init::zeros_(bias);
}

// Adds to the first hidden layer. Starts at zero, so that all conditions begin alike.
torch::nn::Linear condition_layer(const FlowNetworkOptions& options) {
  torch::nn::Linear layer(
      torch::nn::LinearOptions(options.condition, options.hidden[0]).bias(false));
  torch::nn::init::zeros_(layer->weight);
  return layer;
}

std::string layer_name(std::size_t i) { return "layer" + std::to_string(i + 1); }

}  // namespace

FlowNetworkImpl::FlowNetworkImpl(int64_t in, int64_t out, bool convolutional,
                                 const FlowNetworkOptions& options)
    : convolutional_(convolutional), activation_(options.activation) {
  auto widths = options.hidden;
  widths.push_back(out);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const bool last = i + 1 == widths.size();
    torch::Tensor weight, bias;
    if (convolutional) {
      const int64_t side = i == 0 || last ? 3 : 1;
      convolutions_.push_back(register_module(
          layer_name(i), Conv2d(in, widths[i], side, ConvolutionGeometry{1, side / 2})));
      weight = convolutions_.back()->weight, bias = convolutions_.back()->bias;
    } else {
      linear_.push_back(register_module(layer_name(i), torch::nn::Linear(in, widths[i])));
      weight = linear_.back()->weight, bias = linear_.back()->bias;
    }
    if (last)
      zero(weight, bias);
    else
      initialize_hidden(weight, bias, activation_);
    in = widths[i];
  }
  if (options.condition > 0) condition_ = register_module("condition", condition_layer(options));
}

torch::Tensor FlowNetworkImpl::by_rows(const torch::Tensor& x, const torch::Tensor& condition) {
  std::vector<torch::Tensor> weights, biases;
  for (const auto& layer : linear_) {
    weights.push_back(layer->weight);
    biases.push_back(layer->bias);
  }
  for (const auto& layer : convolutions_) {
    weights.push_back(layer->weight.flatten(1));
    biases.push_back(layer->bias);
  }
  auto rows = convolutional_ ? patches(x) : x;
  if (condition_) {
    const auto each = rows.size(0) / x.size(0);
    rows = torch::cat({rows, condition.repeat_interleave(each, 0)}, 1);
    weights[0] = torch::cat({weights[0], condition_->weight}, 1);
  }
  if (!convolutional_) return row_network(rows, weights, biases);
  const auto& last = convolutions_.back();
  weights.back() = spreading_weight(last->weight);
  biases.back() = torch::Tensor();
  return from_patches(row_network(rows, weights, biases), x.size(0), last->weight.size(0),
                      x.size(2), x.size(3)) +
         last->bias.view({1, -1, 1, 1});
}

torch::Tensor FlowNetworkImpl::forward(const torch::Tensor& x, const torch::Tensor& condition) {
  if (fast_paths() && activation_ == Activation::kRelu && x.device().is_cpu())
    return by_rows(x, condition);
  const auto layers = convolutional_ ? convolutions_.size() : linear_.size();
  auto h = x;
  for (std::size_t i = 0; i < layers; ++i) {
    h = convolutional_ ? convolutions_[i](h) : linear_[i](h);
    if (i + 1 == layers) break;
    if (i == 0 && condition_) {
      const auto shift = condition_(condition);  // [n, hidden]
      h = h + (convolutional_ ? shift.unsqueeze(2).unsqueeze(3) : shift);
    }
    h = activate(activation_, h);
  }
  return h;
}

MaskedNetworkImpl::MaskedNetworkImpl(int64_t in, int64_t k, bool reversed,
                                     const FlowNetworkOptions& options)
    : k_(k), activation_(options.activation) {
  // Element i may be told to what comes later: its degree is its place in the order, from 1. A
  // hidden unit of degree d knows the elements up to d (MADE, section 4). One of degree 0 knows the
  // condition alone, and is how the first element, before which there is none, is told of it.
  const auto places = torch::arange(1, in + 1);
  const auto degrees_of = [&](int64_t units) {
    if (options.condition > 0) return torch::arange(units).remainder(in);
    return torch::arange(units).remainder(std::max<int64_t>(in - 1, 1)) + 1;
  };
  auto known = reversed ? places.flip(0) : places;  // of the layer below
  const auto asked = known;
  auto width = in;
  for (std::size_t i = 0; i <= options.hidden.size(); ++i) {
    const bool last = i == options.hidden.size();
    const auto out = last ? in * k : options.hidden[i];
    const auto degree = last ? asked.repeat_interleave(k) : degrees_of(out);
    const auto allowed = last ? degree.unsqueeze(1) > known : degree.unsqueeze(1) >= known;
    masks_.push_back(register_buffer("mask" + std::to_string(i + 1), allowed.to(torch::kFloat)));
    linear_.push_back(register_module(layer_name(i), torch::nn::Linear(width, out)));
    if (last)
      zero(linear_.back()->weight, linear_.back()->bias);
    else
      initialize_hidden(linear_.back()->weight, linear_.back()->bias, activation_);
    known = degree;
    width = out;
  }
  if (options.condition > 0) condition_ = register_module("condition", condition_layer(options));
}

torch::Tensor MaskedNetworkImpl::forward(const torch::Tensor& x, const torch::Tensor& condition) {
  auto h = x;
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    h = torch::linear(h, linear_[i]->weight * masks_[i], linear_[i]->bias);
    if (i + 1 == linear_.size()) break;
    if (i == 0 && condition_) h = h + condition_(condition);
    h = activate(activation_, h);
  }
  return h.view({h.size(0), -1, k_});
}

}  // namespace figment::models
