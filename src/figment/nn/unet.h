// Networks that are told how far an example is on its way to noise: a U-Net for images, as in Ho et
// al. 2020, appendix B, and a residual network for vectors.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/core/config.h"
#include "figment/nn/convolution.h"

namespace figment {

struct UnetConfig {
  int64_t patch = 1;
  int64_t channels = 32;
  std::vector<int64_t> multipliers = {1, 2, 2};
  int64_t blocks = 2;
  std::vector<int64_t> attention = {};
  int64_t heads = 4;
  double dropout = 0;

  static constexpr auto fields() {
    using C = UnetConfig;
    return std::tuple{
        Field{"patch", &C::patch,
              "Side of the squares of pixels that are taken together as channels before the first "
              "resolution: 2 costs about a fourth of 1.",
              Within{1, 16}},
        Field{"channels", &C::channels, "Channels at the first resolution.", Within{1, 4096}},
        Field{"multipliers", &C::multipliers,
              "Channels of each resolution over those of the first; each but the first halves "
              "height and width.",
              Within{1, 64}},
        Field{"blocks", &C::blocks, "Residual blocks at each resolution.", Within{1, 16}},
        Field{"attention", &C::attention,
              "Heights at which every place attends to every other, such as [7].", Within{1, 4096}},
        Field{"heads", &C::heads, "Heads of the attention.", Within{1, 64}},
        Field{"dropout", &C::dropout, "Share of values left out within a residual block.",
              Within{0, 0.9}}};
  }
};

// Adds a problem for each key that makes the network impossible for images [C, H, W].
void check_unet(const UnetConfig& config, const std::vector<int64_t>& shape,
                const Problems::Scope& scope);

// sin and cos of t * 10000^(-i / (half - 1)), [n] -> [n, width] float32 (Vaswani et al. 2017,
// section 3.5).
torch::Tensor sinusoids(const torch::Tensor& t, int64_t width);

// x [n, in, H, W], t [n] int64, condition [n, condition] or undefined -> [n, out, H, W]. The last
// layer starts at zero. With a patch of p the network sees [n, in p^2, H/p, W/p] (Luhman & Luhman,
// "Improving diffusion model efficiency through patching", 2022); `height` is that of the images.
class UnetImpl : public torch::nn::Module {
 public:
  UnetImpl(const UnetConfig& config, int64_t in, int64_t out, int64_t height, int64_t condition);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& t,
                        const torch::Tensor& condition = {});

 private:
  // A residual block with the embedded step added between its convolutions, then, if it has heads,
  // attention over all places.
  class BlockImpl : public torch::nn::Module {
   public:
    BlockImpl(int64_t in, int64_t out, int64_t embedding, double dropout, int64_t heads);
    torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& embedding);

   private:
    torch::Tensor attend(const torch::Tensor& x);
    torch::nn::GroupNorm norm1_{nullptr}, norm2_{nullptr}, attention_norm_{nullptr};
    Conv2d convolution1_{nullptr}, convolution2_{nullptr}, skip_{nullptr};
    Conv2d query_key_value_{nullptr}, projection_{nullptr};
    torch::nn::Linear shift_{nullptr};
    double dropout_;
    int64_t heads_;
  };
  TORCH_MODULE(Block);

  int64_t channels_, patch_;
  torch::nn::Linear embed1_{nullptr}, embed2_{nullptr}, condition_{nullptr};
  Conv2d first_{nullptr}, last_{nullptr};
  torch::nn::GroupNorm last_norm_{nullptr};
  std::vector<std::vector<Block>> down_, up_;  // by resolution
  std::vector<Conv2d> halve_, refine_;
  Block middle1_{nullptr}, middle2_{nullptr};
};
TORCH_MODULE(Unet);

// The same for vectors: x [n, d] -> [n, out] through residual layers of `width` that are each told
// t and the condition.
class TimedMlpImpl : public torch::nn::Module {
 public:
  TimedMlpImpl(int64_t in, int64_t out, int64_t width, int64_t layers, int64_t condition);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& t,
                        const torch::Tensor& condition = {});

 private:
  int64_t width_;
  torch::nn::Linear embed1_{nullptr}, embed2_{nullptr}, condition_{nullptr}, first_{nullptr},
      last_{nullptr};
  std::vector<torch::nn::Linear> hidden_, shift_;
};
TORCH_MODULE(TimedMlp);

}  // namespace figment
