// Models that make an example in many steps: how many, by which rule, and what it looks like on the
// way.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "figment/model/abilities.h"
#include "figment/nn/diffusion_sampler.h"

namespace figment {

// One place of the way from noise to an example.
struct CoursePoint {
  int64_t t = 0;          // steps left
  torch::Tensor x;        // [n, shape...] as it is there, in the model's numbers
  torch::Tensor example;  // [n, shape...] the example that is predicted there
};

struct Stepwise {
  virtual ~Stepwise() = default;
  // How samples are drawn; what is set here holds for all later calls.
  virtual SamplerConfig& sampler() = 0;
  // The way of samples from noise, at about `points` places evenly spread and the end.
  virtual std::vector<CoursePoint> course(const SampleRequest& request, int64_t points) = 0;
  // Examples like those given: each is noised for this share of all steps, in (0, 1], and denoised
  // again.
  virtual torch::Tensor vary(const Batch& batch, double share, Noise& noise) = 0;
};

}  // namespace figment
