// Convolutions of stride 2, linear layers, a score.
#include "figment/nn/discriminator.h"

#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "figment/core/error.h"
#include "figment/nn/linear.h"
#include "figment/nn/resampling.h"

namespace figment {
namespace {

Normalization plain_norm(DiscriminatorNorm norm) {
  return norm == DiscriminatorNorm::kBatch   ? Normalization::kBatch
         : norm == DiscriminatorNorm::kLayer ? Normalization::kLayer
                                             : Normalization::kNone;
}

// The coder with the same layers, which says the same of shapes.
CoderConfig coder_of(const DiscriminatorConfig& config) {
  CoderConfig coder;
  coder.network = config.network;
  coder.channels = config.channels;
  coder.hidden = config.hidden;
  return coder;
}

torch::nn::Linear linear_layer(std::int64_t in, std::int64_t out, const Activation* activation,
                               bool bias) {
  torch::nn::Linear layer(torch::nn::LinearOptions(in, out).bias(bias));
  const auto fan_in = static_cast<double>(in), fan_out = static_cast<double>(out);
  if (activation != nullptr)
    initialize(layer->weight, *activation, fan_in, fan_out);
  else
    initialize_output(layer->weight, fan_in, fan_out);
  if (bias) torch::nn::init::zeros_(layer->bias);
  return layer;
}

}  // namespace

void DiscriminatorConfig::check(const Problems::Scope& scope) const {
  coder_of(*this).check(scope);
}

std::int64_t DiscriminatorConfig::layers() const {
  return static_cast<std::int64_t>(hidden.size() +
                                   (network == Network::kConv ? channels.size() : 0));
}

void check_discriminator(const DiscriminatorConfig& config, const std::vector<std::int64_t>& shape,
                         const Problems::Scope& scope) {
  check_coder(coder_of(config), shape, scope);
}

DiscriminatorImpl::DiscriminatorImpl(std::vector<std::int64_t> shape,
                                     const DiscriminatorConfig& config, std::int64_t given)
    : shape_(std::move(shape)), given_(given), activation_(config.activation) {
  const auto norm = plain_norm(config.normalization);
  const bool spectral = config.normalization == DiscriminatorNorm::kSpectral;
  const bool bias = norm != Normalization::kBatch;  // whose mean would take it off again
  const auto keep = [&](const std::string& name, const torch::Tensor& weight) {
    if (spectral) spectral_.push_back(register_module(name + "_spectral", SpectralNorm(weight)));
  };
  auto size = shape_;
  if (config.network == Network::kConv)
    for (std::size_t i = 0; i < config.channels.size(); ++i) {
      const auto name = "convolution" + std::to_string(i + 1);
      const auto out = config.channels[i];
      convolutions_.push_back(
          register_module(name, halving(size[0], out, config.activation, bias)));
      norms_.push_back(register_module(name + "_norm", Normalizer(norm, out)));
      keep(name, convolutions_.back()->weight);
      size = {out, size[1] / 2, size[2] / 2};
    }
  auto width =
      std::accumulate(size.begin(), size.end(), std::int64_t{1}, std::multiplies<>()) + given;
  for (std::size_t i = 0; i < config.hidden.size(); ++i) {
    const auto name = "hidden" + std::to_string(i + 1);
    linears_.push_back(
        register_module(name, linear_layer(width, config.hidden[i], &config.activation, bias)));
    width = config.hidden[i];
    norms_.push_back(register_module(name + "_norm", Normalizer(norm, width)));
    keep(name, linears_.back()->weight);
  }
  linears_.push_back(register_module("score", linear_layer(width, 1, nullptr, true)));
  keep("score", linears_.back()->weight);
}

torch::Tensor DiscriminatorImpl::weight_of(const torch::Tensor& weight, std::size_t layer) {
  return spectral_.empty() ? weight : spectral_[layer](weight);
}

torch::Tensor DiscriminatorImpl::forward(const torch::Tensor& x, const torch::Tensor& given) {
  return judge(x, 0, given).score;
}

DiscriminatorImpl::Judgement DiscriminatorImpl::judge(const torch::Tensor& x, std::int64_t layer,
                                                      const torch::Tensor& given) {
  FIGMENT_CHECK(x.sizes().slice(1) == at::IntArrayRef(shape_));
  FIGMENT_CHECK(given.defined() ? given.size(1) == given_ : given_ == 0);
  FIGMENT_CHECK(layer >= 0 && layer <= static_cast<std::int64_t>(norms_.size()));
  Judgement out;
  auto h = x;
  std::size_t at = 0;  // hidden layers passed
  const auto pass = [&](const torch::Tensor& next) {
    h = next;
    if (static_cast<std::int64_t>(++at) == layer) out.features = h;
  };
  for (const auto& convolution : convolutions_)
    pass(norms_[at]->activated(convolution->with_weight(weight_of(convolution->weight, at), h),
                               activation_));
  h = h.flatten(1);
  if (given.defined()) h = torch::cat({h, given}, 1);
  while (at < norms_.size()) {
    const auto& hidden = linears_[at - convolutions_.size()];
    pass(
        normalized_linear(h, weight_of(hidden->weight, at), hidden->bias, norms_[at], activation_));
  }
  const auto& last = linears_.back();
  out.score = activated_linear(h, weight_of(last->weight, at), last->bias).squeeze(1);
  return out;
}

}  // namespace figment
