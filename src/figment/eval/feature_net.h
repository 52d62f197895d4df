// A small sequential network that says what is in a picture: features to compare pictures by and,
// where it has them, classes. It lies in one .safetensors file that describes itself; the format is
// in docs/metrics.md.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "figment/data/safetensors.h"

namespace figment {

struct FeatureLayer {
  enum class Kind { kConv, kLinear, kMaxPool, kAveragePool, kRelu, kTanh, kSigmoid };
  Kind kind = Kind::kRelu;
  int64_t width = 0;   // conv: maps, linear: units
  int64_t kernel = 0;  // conv and pools: a square of this side
  int64_t stride = 1;
  int64_t padding = 0;  // conv: zeros on each side
};

struct FeatureNetSpec {
  std::string title{};                 // what it is and what it learned from; never empty
  std::array<int64_t, 3> input{};      // [C, H, W] that pictures are brought to, C 1 or 3
  std::vector<double> mean{};          // of each channel, subtracted from pixels in [0, 1] ...
  std::vector<double> deviation{};     // ... which are then divided by this
  std::vector<FeatureLayer> layers{};  // conv, pools and the first linear see [n, C, H, W]
  int64_t features = 0;                // the answer of the first so many layers is the features
  std::vector<std::string> classes{};  // of the log-probabilities of the last; empty: none
  std::map<std::string, std::string> about{};  // whatever else the file says
};

class FeatureNet {
 public:
  // Tensors by name: layer_N.weight and layer_N.bias for each conv and linear, N from 0 in the
  // order of all layers. Throws Error(kCheckpoint) with `where` when the layers do not fit one
  // another or the tensors do not fit them.
  FeatureNet(FeatureNetSpec spec, const NamedTensors& weights, const std::string& where);

  const FeatureNetSpec& spec() const { return spec_; }
  int64_t width() const { return width_; }  // numbers that are the features of a picture
  bool classifies() const { return !spec_.classes.empty(); }
  NamedTensors weights() const { return weights_; }
  void add_about(const std::string& key, const std::string& text) { spec_.about[key] = text; }

  // Pictures [n, C, H, W] uint8 of any size, C 1 or 3, as the first layer sees them: grey or colour
  // as it wants them, resized (bilinear, antialiased, without regard to proportions), normalised.
  torch::Tensor prepare(const torch::Tensor& images) const;

  struct Answer {
    torch::Tensor features;  // [n, width]
    torch::Tensor logits;    // [n, classes]; undefined when it does not classify
  };
  // Of what prepare() returned, with gradients where they are asked for.
  Answer forward(const torch::Tensor& prepared) const;

  // Of pictures, in pieces, without gradients; logits are log p(class | picture) here.
  Answer look(const torch::Tensor& images) const;

 private:
  FeatureNetSpec spec_;
  NamedTensors weights_;
  std::vector<std::size_t> first_weight_;  // of each layer, its place in weights_
  int64_t width_ = 0;
};

// Pictures [n, C, H, W] float32 at another size: bilinear, antialiased, without regard to
// proportions.
torch::Tensor resized_pictures(const torch::Tensor& pictures, int64_t height, int64_t width);

// [n] int64, the likeliest class of each picture, in the order of spec().classes.
torch::Tensor classify(const FeatureNet& net, const torch::Tensor& images);

// Layers as a file has them: one a line, "conv 6 kernel 5", "relu", "max_pool 2", "linear 84",
// and "features" after the last layer that makes features.
std::string text_of_layers(const FeatureNetSpec& spec);
// Throws Error(kCheckpoint) with `where` naming the line.
void read_layers(std::string_view text, FeatureNetSpec& spec, const std::string& where);

// The bytes of the file, with a checksum of all it holds.
std::string encode_feature_net(const FeatureNet& net);
// Throws Error(kCheckpoint) with `where` for anything not in the format. A file without checksum,
// written by other hands, is taken; one with a wrong checksum never.
FeatureNet decode_feature_net(std::string_view bytes, const std::string& where);
// Throws also Error(kCheckpoint) when there is no such file.
FeatureNet read_feature_net(const std::filesystem::path& file);

}  // namespace figment
