#include "figment/nn/unet.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "figment/nn/group_norm.h"

namespace figment {
namespace {

constexpr int64_t kGroups = 8;  // of a group normalization, where the channels allow

torch::nn::GroupNorm normalization(int64_t channels) {
  return torch::nn::GroupNorm(
      torch::nn::GroupNormOptions(std::gcd(kGroups, channels), channels).eps(1e-5));
}

Conv2d convolution(int64_t in, int64_t out, int64_t side, int64_t stride = 1) {
  Conv2d layer(in, out, side, ConvolutionGeometry{stride, side / 2});
  torch::nn::init::kaiming_normal_(layer->weight, 0, torch::kFanIn, torch::kLinear);
  torch::nn::init::zeros_(layer->bias);
  return layer;
}

// A layer that adds nothing at first, so that each block begins as the identity.
template <class Layer>
Layer silent(Layer layer) {
  torch::nn::init::zeros_(layer->weight);
  if (layer->bias.defined()) torch::nn::init::zeros_(layer->bias);
  return layer;
}

}  // namespace

void check_unet(const UnetConfig& config, const std::vector<int64_t>& shape,
                const Problems::Scope& scope) {
  if (config.multipliers.empty()) {
    scope.add("multipliers", "expected at least one, got none");
    return;
  }
  const auto of = std::to_string(shape[1]) + "x" + std::to_string(shape[2]);
  if (shape[1] % config.patch != 0 || shape[2] % config.patch != 0) {
    scope.add("patch", "expected a divisor of the height and the width of images of " + of +
                           ", got " + std::to_string(config.patch));
    return;
  }
  auto height = shape[1] / config.patch, width = shape[2] / config.patch;
  std::vector<int64_t> heights = {height};
  for (std::size_t i = 1; i < config.multipliers.size(); ++i) {
    if (height < 2 || width < 2) {
      scope.add("multipliers", "expected at most " + std::to_string(i) + " for images of " + of +
                                   (config.patch > 1 ? " in patches" : "") +
                                   ", since each but the first halves height and width, got " +
                                   std::to_string(config.multipliers.size()));
      return;
    }
    height = (height + 1) / 2, width = (width + 1) / 2;
    heights.push_back(height);
  }
  for (const auto at : config.attention)
    if (std::find(heights.begin(), heights.end(), at) == heights.end()) {
      std::string there;
      for (const auto one : heights) there += (there.empty() ? "" : ", ") + std::to_string(one);
      scope.add("attention", "expected heights that the images pass through (" + there + "), got " +
                                 std::to_string(at));
    }
  for (std::size_t i = 0; i < config.multipliers.size(); ++i) {
    const bool attends =
        std::count(config.attention.begin(), config.attention.end(), heights[i]) > 0;
    const auto channels = config.channels * config.multipliers[i];
    if (attends && channels % config.heads != 0)
      scope.add("heads", "expected a divisor of the " + std::to_string(channels) +
                             " channels at height " + std::to_string(heights[i]) + ", got " +
                             std::to_string(config.heads));
  }
}

torch::Tensor sinusoids(const torch::Tensor& t, int64_t width) {
  const auto half = std::max<int64_t>(width / 2, 1);
  const auto exponent = torch::arange(half, torch::dtype(torch::kFloat).device(t.device())) /
                        static_cast<double>(std::max<int64_t>(half - 1, 1));
  const auto angle = t.to(torch::kFloat).unsqueeze(1) * torch::exp(-std::log(1e4) * exponent);
  auto out = torch::cat({angle.sin(), angle.cos()}, 1);
  if (out.size(1) < width) out = torch::constant_pad_nd(out, {0, width - out.size(1)});
  return out.narrow(1, 0, width);
}

UnetImpl::BlockImpl::BlockImpl(int64_t in, int64_t out, int64_t embedding, double dropout,
                               int64_t heads)
    : dropout_(dropout), heads_(heads) {
  norm1_ = register_module("norm1", normalization(in));
  convolution1_ = register_module("convolution1", convolution(in, out, 3));
  shift_ = register_module("shift", torch::nn::Linear(embedding, out));
  norm2_ = register_module("norm2", normalization(out));
  convolution2_ = register_module("convolution2", silent(convolution(out, out, 3)));
  if (in != out) skip_ = register_module("skip", convolution(in, out, 1));
  if (heads == 0) return;
  attention_norm_ = register_module("attention_norm", normalization(out));
  query_key_value_ = register_module("query_key_value", convolution(out, 3 * out, 1));
  projection_ = register_module("projection", silent(convolution(out, out, 1)));
}

torch::Tensor UnetImpl::BlockImpl::attend(const torch::Tensor& x) {
  const auto n = x.size(0), channels = x.size(1), places = x.size(2) * x.size(3);
  const auto each = channels / heads_;  // channels a head
  // [n, places, 3, heads, channels a head]: a view, channels lying side by side
  const auto parts = query_key_value_(group_norm(x, attention_norm_, /*silu=*/false))
                         .permute({0, 2, 3, 1})
                         .reshape({n, places, 3, heads_, each})
                         .unbind(2);
  const auto flat = [&](const torch::Tensor& part) {  // [n * heads, places, channels a head]
    return part.transpose(1, 2).reshape({n * heads_, places, each});
  };
  const auto query = flat(parts[0]), key = flat(parts[1]), value = flat(parts[2]);
  const auto scale = 1 / std::sqrt(static_cast<double>(each));
  const auto weight = torch::softmax(query.bmm(key.transpose(1, 2)) * scale, 2);
  const auto mixed = weight.bmm(value)
                         .view({n, heads_, places, each})
                         .transpose(1, 2)
                         .reshape({n, x.size(2), x.size(3), channels})
                         .permute({0, 3, 1, 2});
  return x + projection_(mixed);
}

torch::Tensor UnetImpl::BlockImpl::forward(const torch::Tensor& x, const torch::Tensor& embedding) {
  auto h = convolution1_(group_norm(x, norm1_, /*silu=*/true));
  h = h + shift_(embedding).unsqueeze(2).unsqueeze(3);
  h = group_norm(h, norm2_, /*silu=*/true);
  if (dropout_ > 0) h = torch::dropout(h, dropout_, is_training());
  h = convolution2_(h) + (skip_ ? skip_(x) : x);
  return heads_ > 0 ? attend(h) : h;
}

UnetImpl::UnetImpl(const UnetConfig& config, int64_t in, int64_t out, int64_t height,
                   int64_t condition)
    : channels_(config.channels), patch_(config.patch) {
  const auto embedding = 4 * config.channels;
  embed1_ = register_module("embed1", torch::nn::Linear(config.channels, embedding));
  embed2_ = register_module("embed2", torch::nn::Linear(embedding, embedding));
  if (condition > 0)
    condition_ = register_module(
        "condition", torch::nn::Linear(torch::nn::LinearOptions(condition, embedding).bias(false)));
  first_ = register_module("first", convolution(in * patch_ * patch_, config.channels, 3));
  const auto block = [&](const std::string& name, int64_t from, int64_t to, int64_t at) {
    const bool attends = std::count(config.attention.begin(), config.attention.end(), at) > 0;
    return register_module(name,
                           Block(from, to, embedding, config.dropout, attends ? config.heads : 0));
  };
  const auto levels = config.multipliers.size();
  std::vector<int64_t> skips = {config.channels}, heights = {height / patch_};
  auto width = config.channels;
  for (std::size_t i = 0; i < levels; ++i) {
    const auto name = "down" + std::to_string(i + 1) + "_";
    const auto wide = config.channels * config.multipliers[i];
    down_.emplace_back();
    for (int64_t j = 1; j <= config.blocks; ++j) {
      down_[i].push_back(block(name + std::to_string(j), width, wide, heights[i]));
      skips.push_back(width = wide);
    }
    if (i + 1 == levels) break;
    halve_.push_back(register_module(name + "halve", convolution(width, width, 3, 2)));
    skips.push_back(width);
    heights.push_back((heights[i] + 1) / 2);
  }
  middle1_ = block("middle1", width, width, heights.back());
  middle2_ = block("middle2", width, width, 0);
  for (std::size_t i = levels; i-- > 0;) {
    const auto name = "up" + std::to_string(levels - i) + "_";
    const auto wide = config.channels * config.multipliers[i];
    up_.emplace_back();
    for (int64_t j = 0; j <= config.blocks; ++j) {
      up_.back().push_back(
          block(name + std::to_string(j + 1), width + skips.back(), wide, heights[i]));
      skips.pop_back();
      width = wide;
    }
    if (i > 0) refine_.push_back(register_module(name + "refine", convolution(width, width, 3)));
  }
  last_norm_ = register_module("last_norm", normalization(width));
  last_ = register_module("last", silent(convolution(width, out * patch_ * patch_, 3)));
}

torch::Tensor UnetImpl::forward(const torch::Tensor& x, const torch::Tensor& t,
                                const torch::Tensor& condition) {
  const auto wave = sinusoids(t, channels_).to(x.scalar_type());
  auto embedding = embed2_(torch::silu(embed1_(wave)));
  if (condition_) embedding = embedding + condition_(condition);
  embedding = torch::silu(embedding);
  // Channels side by side suit both the convolutions and the normalization between them.
  auto h = first_(patch_ > 1 ? torch::pixel_unshuffle(x, patch_) : x)
               .contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<torch::Tensor> skips = {h};
  for (std::size_t i = 0; i < down_.size(); ++i) {
    for (auto& one : down_[i]) skips.push_back(h = one(h, embedding));
    if (i < halve_.size()) skips.push_back(h = halve_[i](h));
  }
  h = middle2_(middle1_(h, embedding), embedding);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    for (auto& one : up_[i]) {
      h = one(torch::cat({h, skips.back()}, 1), embedding);
      skips.pop_back();
    }
    if (i >= refine_.size()) continue;
    // To the size of what waits above, which is odd where the halving rounded up.
    h = torch::upsample_nearest2d(h, {skips.back().size(2), skips.back().size(3)});
    h = refine_[i](h);
  }
  h = last_(group_norm(h, last_norm_, /*silu=*/true));
  return patch_ > 1 ? torch::pixel_shuffle(h, patch_) : h;
}

TimedMlpImpl::TimedMlpImpl(int64_t in, int64_t out, int64_t width, int64_t layers,
                           int64_t condition)
    : width_(width) {
  embed1_ = register_module("embed1", torch::nn::Linear(width, width));
  embed2_ = register_module("embed2", torch::nn::Linear(width, width));
  if (condition > 0)
    condition_ = register_module(
        "condition", torch::nn::Linear(torch::nn::LinearOptions(condition, width).bias(false)));
  first_ = register_module("first", torch::nn::Linear(in, width));
  for (int64_t i = 1; i <= layers; ++i) {
    const auto name = std::to_string(i);
    hidden_.push_back(register_module("hidden" + name, torch::nn::Linear(width, width)));
    shift_.push_back(register_module("shift" + name, torch::nn::Linear(width, width)));
  }
  last_ = register_module("last", silent(torch::nn::Linear(width, out)));
}

torch::Tensor TimedMlpImpl::forward(const torch::Tensor& x, const torch::Tensor& t,
                                    const torch::Tensor& condition) {
  const auto wave = sinusoids(t, width_).to(x.scalar_type());
  auto embedding = embed2_(torch::silu(embed1_(wave)));
  if (condition_) embedding = embedding + condition_(condition);
  embedding = torch::silu(embedding);
  auto h = first_(x);
  for (std::size_t i = 0; i < hidden_.size(); ++i)
    h = h + hidden_[i](torch::silu(h + shift_[i](embedding)));
  return last_(torch::silu(h));
}

}  // namespace figment
