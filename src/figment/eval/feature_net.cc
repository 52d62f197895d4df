// The network itself: what shapes pass through it, and its answers.
#include "figment/eval/feature_net.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/data/image_fit.h"

namespace figment {
namespace {

using Kind = FeatureLayer::Kind;

constexpr int64_t kPiece = 512;  // pictures at a time

[[noreturn]] void refuse(const std::string& where, const std::string& sentence) {
  fail(Cause::kCheckpoint, where, sentence);
}

std::string at_layer(int64_t i) { return "layer " + std::to_string(i) + ": "; }

// Follows one picture through the layers and calls weights(i, shape of weight) for each that has
// some. Returns how many numbers each layer answers with.
template <class F>
std::vector<int64_t> follow(const FeatureNetSpec& spec, const std::string& where, F&& weights) {
  auto [c, h, w] = spec.input;
  bool flat = false;
  std::vector<int64_t> sizes;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    const auto place = at_layer(static_cast<int64_t>(i));
    const bool windows = layer.kernel > 0;
    if (windows && flat) refuse(where, place + "expected no conv or pool behind a linear layer");
    if (windows) {
      const auto high = h + 2 * layer.padding - layer.kernel;
      const auto wide = w + 2 * layer.padding - layer.kernel;
      if (high < 0 || wide < 0)
        refuse(where, place + "expected maps of " + std::to_string(layer.kernel) +
                          " pixels at least, got " + std::to_string(h) + "x" + std::to_string(w));
      if (layer.kind == Kind::kConv)
        weights(i, std::vector<int64_t>{layer.width, c, layer.kernel, layer.kernel});
      h = high / layer.stride + 1;
      w = wide / layer.stride + 1;
      if (layer.kind == Kind::kConv) c = layer.width;
    } else if (layer.kind == Kind::kLinear) {
      weights(i, std::vector<int64_t>{layer.width, c * h * w});
      c = layer.width, h = 1, w = 1;
      flat = true;
    }
    sizes.push_back(c * h * w);
  }
  return sizes;
}

void check_spec(const FeatureNetSpec& spec, const std::string& where) {
  const auto& [c, h, w] = spec.input;
  if (spec.title.empty())
    refuse(where, "expected a title that says what the network is and what it learned from");
  if ((c != 1 && c != 3) || h < 1 || w < 1 || h > 4096 || w > 4096)
    refuse(where, "expected an input of 1 or 3 channels and sides within [1, 4096]");
  const auto channels = static_cast<std::size_t>(c);
  if (spec.mean.size() != channels || spec.deviation.size() != channels)
    refuse(where, "expected as many numbers in mean and in deviation as channels (" +
                      std::to_string(c) + ")");
  for (const auto value : spec.mean)
    if (!std::isfinite(value)) refuse(where, "expected a finite mean");
  for (const auto value : spec.deviation)
    if (!std::isfinite(value) || value <= 0) refuse(where, "expected a deviation above 0");
  const auto layers = static_cast<int64_t>(spec.layers.size());
  if (layers < 1 || spec.features < 1 || spec.features > layers)
    refuse(where, "expected a line 'features' behind the layers that make them");
  if (spec.features < layers && spec.classes.empty())
    refuse(where, "expected classes for the layers behind the features");
}

}  // namespace

FeatureNet::FeatureNet(FeatureNetSpec spec, const NamedTensors& weights, const std::string& where)
    : spec_(std::move(spec)) {
  check_spec(spec_, where);
  const auto take = [&](const std::string& name, const std::vector<int64_t>& shape) {
    const auto found = std::find_if(weights.begin(), weights.end(),
                                    [&](const auto& one) { return one.first == name; });
    if (found == weights.end()) refuse(where, "expected a tensor '" + name + "', found none");
    const auto& tensor = found->second;
    if (tensor.scalar_type() != torch::kFloat || tensor.sizes() != at::IntArrayRef(shape))
      fail(Cause::kCheckpoint, where, "expected '", name, "' as float32 ", at::IntArrayRef(shape),
           ", got ", tensor.dtype().name(), " ", tensor.sizes());
    if (!tensor.isfinite().all().item<bool>())
      refuse(where, "expected finite numbers in '" + name + "'");
    weights_.emplace_back(name, tensor);
  };
  // That the layers fit one another is told before what does not fit them.
  const auto sizes = follow(spec_, where, [](std::size_t, const std::vector<int64_t>&) {});
  width_ = sizes[static_cast<std::size_t>(spec_.features - 1)];
  if (!spec_.classes.empty() && sizes.back() != static_cast<int64_t>(spec_.classes.size()))
    fail(Cause::kCheckpoint, where, "expected as many numbers from the last layer as classes (",
         spec_.classes.size(), "), got ", sizes.back());
  first_weight_.assign(spec_.layers.size(), 0);
  follow(spec_, where, [&](std::size_t i, const std::vector<int64_t>& shape) {
    const auto name = "layer_" + std::to_string(i);
    first_weight_[i] = weights_.size();
    take(name + ".weight", shape);
    take(name + ".bias", {shape[0]});
  });
  if (weights_.size() != weights.size())
    fail(Cause::kCheckpoint, where, "expected ", weights_.size(), " tensors for these layers, got ",
         weights.size());
}

torch::Tensor FeatureNet::prepare(const torch::Tensor& images) const {
  FIGMENT_CHECK(images.dim() == 4 && images.scalar_type() == torch::kUInt8);
  const int64_t c = spec_.input[0], h = spec_.input[1], w = spec_.input[2];
  auto pixels = images;
  if (pixels.size(1) != c) {
    ReadOptions wanted;
    wanted.channels = c;
    std::vector<torch::Tensor> fitted;
    fitted.reserve(static_cast<std::size_t>(images.size(0)));
    for (const auto& image : images.unbind(0)) fitted.push_back(fit_image(image, wanted, "image"));
    pixels = torch::stack(fitted);
  }
  const auto x = resized_pictures(pixels.to(torch::kFloat).div_(255), h, w);
  const auto channel = [&](const std::vector<double>& values) {
    return torch::tensor(values, torch::kDouble).to(torch::kFloat).view({1, c, 1, 1});
  };
  return (x - channel(spec_.mean)) / channel(spec_.deviation);
}

torch::Tensor resized_pictures(const torch::Tensor& pictures, int64_t height, int64_t width) {
  if (pictures.size(2) == height && pictures.size(3) == width) return pictures;
  namespace F = torch::nn::functional;
  return F::interpolate(pictures, F::InterpolateFuncOptions()
                                      .size(std::vector<int64_t>{height, width})
                                      .mode(torch::kBilinear)
                                      .align_corners(false)
                                      .antialias(true));
}

FeatureNet::Answer FeatureNet::forward(const torch::Tensor& prepared) const {
  Answer out;
  auto x = prepared;
  for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
    const auto& layer = spec_.layers[i];
    const auto weight = [&](std::size_t which) {
      return weights_[first_weight_[i] + which].second;
    };
    switch (layer.kind) {
      case Kind::kConv:
        x = torch::conv2d(x, weight(0), weight(1), layer.stride, layer.padding);
        break;
      case Kind::kLinear:
        x = torch::linear(x.flatten(1), weight(0), weight(1));
        break;
      case Kind::kMaxPool:
        x = torch::max_pool2d(x, layer.kernel, layer.stride);
        break;
      case Kind::kAveragePool:
        x = torch::avg_pool2d(x, layer.kernel, layer.stride);
        break;
      case Kind::kRelu:
        x = torch::relu(x);
        break;
      case Kind::kTanh:
        x = torch::tanh(x);
        break;
      case Kind::kSigmoid:
        x = torch::sigmoid(x);
        break;
    }
    if (static_cast<int64_t>(i) + 1 == spec_.features) out.features = x.flatten(1);
  }
  if (classifies()) out.logits = x.flatten(1);
  return out;
}

FeatureNet::Answer FeatureNet::look(const torch::Tensor& images) const {
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> features, logits;
  for (const auto& part : images.split(kPiece)) {
    const auto answer = forward(prepare(part));
    features.push_back(answer.features);
    if (classifies()) logits.push_back(answer.logits.log_softmax(1));
  }
  Answer out;
  out.features = torch::cat(features);
  if (classifies()) out.logits = torch::cat(logits);
  return out;
}

torch::Tensor classify(const FeatureNet& net, const torch::Tensor& images) {
  FIGMENT_CHECK(net.classifies());
  return net.look(images).logits.argmax(1);
}

}  // namespace figment
