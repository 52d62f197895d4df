// Group normalization, alone or with the SiLU that mostly follows it, as one operator for images in
// the memory format channels_last.
#pragma once

#include <torch/torch.h>

namespace figment {

// What torch::group_norm and, with `silu`, torch::silu compute of x [n, C, H, W] (Wu & He 2018).
// On a CPU in float32 or float64 it is one operator whose result is channels_last, and which is
// differentiable once, not twice; elsewhere, and with fast paths off (core/fast_paths.h), it is
// LibTorch's. x in bfloat16 is taken as float32.
torch::Tensor group_norm(const torch::Tensor& x, const torch::nn::GroupNorm& layer, bool silu);

}  // namespace figment
