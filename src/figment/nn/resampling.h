// Layers that halve and double the sides of maps: convolutions of stride 2 and their transposes,
// and pooling with its inverse.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/nn/activation.h"
#include "figment/nn/convolution.h"

namespace figment {

// A convolution of kernel 4, stride 2, padding 1: a side of s becomes floor(s / 2). Its initial
// weights suit the activation that follows.
Conv2d halving(std::int64_t in, std::int64_t out, Activation activation, bool bias);

// Its mirror: to the size of `to` [channels, height, width]. `activation` is null where none
// follows.
torch::nn::ConvTranspose2d doubling(std::int64_t in, std::int64_t out,
                                    const std::vector<std::int64_t>& to,
                                    const Activation* activation, bool bias);
torch::Tensor apply_doubling(torch::nn::ConvTranspose2d& layer, const torch::Tensor& x);

// The largest of each 2 x 2 pixels, and which of the four it was: its switch (Zeiler et al.,
// "Adaptive deconvolutional networks", 2011, section 2.2), the first in reading order of equals.
struct Pooled {
  torch::Tensor x;         // [n, C, floor(H / 2), floor(W / 2)]
  torch::Tensor switches;  // like x, int64: 0 upper left, 1 upper right, 2 and 3 below them
};
Pooled max_pool(const torch::Tensor& x);  // [n, C, H, W], H and W 2 at least

// x [n, C, h, w], each value put where its switch says among 2 x 2 pixels, and 0 elsewhere -> [n,
// C, height, width], where height is 2 h or 2 h + 1, width likewise (Badrinarayanan et al.,
// "SegNet", 2017, figure 3).
torch::Tensor max_unpool(const torch::Tensor& x, const torch::Tensor& switches, std::int64_t height,
                         std::int64_t width);

}  // namespace figment
