// Spectral normalization. Miyato et al., "Spectral normalization for generative adversarial
// networks", 2018, https://arxiv.org/abs/1802.05957.
#pragma once

#include <torch/torch.h>

namespace figment {

// A weight over its largest singular value, so that the layer lengthens nothing.
class SpectralNormImpl : public torch::nn::Module {
 public:
  // `weight` [out, ...] as it begins; it is seen as the matrix [out, all else].
  explicit SpectralNormImpl(const torch::Tensor& weight);
  // weight / sigma, sigma by one step of power iteration in training and none otherwise (Algorithm
  // 1); sigma is differentiated through, its singular vectors are not.
  torch::Tensor forward(const torch::Tensor& weight);

 private:
  torch::Tensor left_;  // [out], the left singular vector as far as it is known; a buffer
};
TORCH_MODULE(SpectralNorm);

}  // namespace figment
