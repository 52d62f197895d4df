// A network that takes noise off maps, with what it must know to learn and to be sampled from: the
// process that makes noise of them, what its output stands for, and classes.
// DDPM: Ho et al. 2020. CFG: Ho & Salimans, "Classifier-free diffusion guidance", 2022.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/nn/diffusion_process.h"
#include "figment/nn/diffusion_sampler.h"
#include "figment/nn/unet.h"

namespace figment {

struct DenoiserShape {
  std::vector<int64_t> map;  // channels, height, width
  int64_t classes = 0;       // 0: it is told none
};

class DenoiserImpl : public torch::nn::Module {
 public:
  DenoiserImpl(const UnetConfig& unet, const DiffusionScheduleConfig& schedule,
               PredictionKind predict, DenoiserShape shape);

  // The simple loss (DDPM eq. 14) of maps z [n, C, H, W], each at a step drawn with LibTorch's
  // generator: [n], means over elements. `label` [n] or undefined; a share `label_dropout` of the
  // classes is kept from the network.
  torch::Tensor errors(const torch::Tensor& z, const torch::Tensor& label, double label_dropout);

  // What run_sampler asks for n maps; a label, if there is one, weighs `guidance` (CFG eq. 6).
  // Valid as long as this module.
  StepPredictor predictor(const torch::Tensor& label, int64_t n, double guidance);

  const DiffusionProcess& process() const { return process_; }

 private:
  torch::Tensor condition_of(const torch::Tensor& label, int64_t n) const;

  DiffusionProcess process_;
  PredictionKind predict_;
  DenoiserShape shape_;
  Unet unet_{nullptr};
};
TORCH_MODULE(Denoiser);

}  // namespace figment
