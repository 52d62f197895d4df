// Models that make an example in many steps: how many, by which rule, and what it looks like on the
// way.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <utility>
#include <vector>

#include "figment/model/abilities.h"
#include "figment/nn/diffusion_sampler.h"

namespace figment {

// Told after each step of how many examples were drawn together, which step it was, from 1, and of
// how many.
using StepProgress = std::function<void(int64_t n, int64_t step, int64_t steps)>;

struct Stepwise {
  virtual ~Stepwise() = default;
  // How samples are drawn; what is set here holds for all later calls.
  virtual SamplerConfig& sampler() = 0;
  virtual int64_t most_steps() const = 0;  // of a sampler: those of the training
  // Whether it has learned to do without the class that it is told, which guidance needs.
  virtual bool does_without_class() const = 0;
  // The way of samples in the model's numbers, from the noise itself to the end: every step, or
  // `points` places (2 or more) evenly spread where there are more.
  virtual std::vector<CoursePoint> course(const SampleRequest& request, int64_t points) = 0;
  // Examples like those given: each is noised for this share of all steps, in (0, 1], and denoised
  // again.
  virtual torch::Tensor vary(const Batch& batch, double share, Noise& noise) = 0;
  void watch_steps(StepProgress progress) { progress_ = std::move(progress); }

 protected:
  StepProgress progress_{};
};

// Finds the noise that examples came from.
struct Inverts {
  virtual ~Inverts() = default;
  virtual int64_t noise_dim() const = 0;  // numbers of a code that Decodes takes
  // The codes [n, noise_dim] of which decode() makes examples near these: the sampler without fresh
  // noise, backwards.
  virtual torch::Tensor invert(const Batch& batch) = 0;
};

// Knows examples with noise of any deviation, in the numbers of the example itself.
struct Denoises {
  virtual ~Denoises() = default;
  // The standard deviation of the noise that Restores takes off, in the model's numbers; what is
  // set here, above 0, holds for all later calls.
  virtual double& restored_noise() = 0;
  // One of the examples that these, with noise of that deviation, may have been: drawn, where
  // Restores gives the mean of all of them.
  virtual torch::Tensor denoise(const Batch& damaged, Noise& noise) = 0;
  // The example that is predicted of x [n, shape...] as it is with t steps left.
  virtual torch::Tensor predicted(const torch::Tensor& x, int64_t t) = 0;
};

}  // namespace figment
