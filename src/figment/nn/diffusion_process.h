// The Gaussian diffusion of examples into noise in T steps, in closed form.
// Ho, Jain & Abbeel, "Denoising diffusion probabilistic models", 2020,
// https://arxiv.org/abs/2006.11239 (DDPM below); the cosine schedule is of Nichol & Dhariwal,
// "Improved DDPM", 2021 (IDDPM); v is of Salimans & Ho, "Progressive distillation", 2022 (PD).
//
// Steps are numbered t = 1..T as in the papers; t = 0 is the clean example.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <vector>

#include "figment/core/config.h"

namespace figment {

enum class BetaSchedule { kConstant, kLinear, kCosine, kGiven };
constexpr auto enum_names(BetaSchedule) {
  return std::array{EnumName<BetaSchedule>{"constant", BetaSchedule::kConstant},
                    EnumName<BetaSchedule>{"linear", BetaSchedule::kLinear},
                    EnumName<BetaSchedule>{"cosine", BetaSchedule::kCosine},
                    EnumName<BetaSchedule>{"given", BetaSchedule::kGiven}};
}

struct DiffusionScheduleConfig {
  BetaSchedule kind = BetaSchedule::kCosine;
  int64_t steps = 1000;
  double beta_first = 1e-4;
  double beta_last = 0.02;
  std::vector<double> betas = {};

  static constexpr auto fields() {
    using C = DiffusionScheduleConfig;
    return std::tuple{
        Field{"kind", &C::kind,
              "Variance of the noise of each step. constant: beta_last; linear: from beta_first to "
              "beta_last; cosine: such that the signal falls like a squared cosine; given: betas."},
        Field{"steps", &C::steps, "Steps from an example to noise.", Within{2, 100000}},
        Field{"beta_first", &C::beta_first, "linear: of the first step.", Within{1e-9, 0.999}},
        Field{"beta_last", &C::beta_last, "constant, linear: of the last step.",
              Within{1e-9, 0.999}},
        Field{"betas", &C::betas, "given: of every step; their number is that of the steps.",
              Within{1e-9, 0.9999}}};
  }
  void check(const Problems::Scope& scope) const;
};

// What a network's output stands for.
enum class PredictionKind { kNoise, kExample, kVelocity };
constexpr auto enum_names(PredictionKind) {
  return std::array{EnumName<PredictionKind>{"noise", PredictionKind::kNoise},
                    EnumName<PredictionKind>{"example", PredictionKind::kExample},
                    EnumName<PredictionKind>{"velocity", PredictionKind::kVelocity}};
}

// Both views of one prediction at x_t: the clean example, and the noise in x_t. [n, ...] each.
struct Denoised {
  torch::Tensor example, noise;
};

class DiffusionProcess {
 public:
  explicit DiffusionProcess(const DiffusionScheduleConfig& config);

  int64_t steps() const { return steps_; }  // T
  // Product of 1 - beta up to t in 0..T (DDPM eq. 4); 1 at t = 0.
  double alpha_bar(int64_t t) const;
  double beta(int64_t t) const;  // t in 1..T
  // alpha_bar / (1 - alpha_bar) at t [n] int64 in 1..T: [n] of float32 on t's device.
  torch::Tensor signal_to_noise(const torch::Tensor& t) const;

  // x_t = sqrt(alpha_bar) x + sqrt(1 - alpha_bar) noise, t [n] (DDPM eq. 4).
  torch::Tensor noised(const torch::Tensor& x, const torch::Tensor& t,
                       const torch::Tensor& noise) const;
  // What the network is to predict at t [n] (noise; x; or v = sqrt(alpha_bar) noise - sqrt(1 -
  // alpha_bar) x, PD section 4).
  torch::Tensor target(PredictionKind kind, const torch::Tensor& x, const torch::Tensor& t,
                       const torch::Tensor& noise) const;
  // The two views of a network's output at t [n].
  Denoised denoised(PredictionKind kind, const torch::Tensor& output, const torch::Tensor& x_t,
                    const torch::Tensor& t) const;

  // Mean of q(x_{t-1} | x_t, x) (DDPM eq. 7), t [n] in 1..T.
  torch::Tensor posterior_mean(const torch::Tensor& x, const torch::Tensor& x_t,
                               const torch::Tensor& t) const;
  // Logarithms of its variance, clipped at t = 1 to that of t = 2, and of beta (the two ends
  // between which IDDPM eq. 15 learns), [n, 1, ...] to broadcast over `like`.
  torch::Tensor posterior_log_variance(const torch::Tensor& t, const torch::Tensor& like) const;
  torch::Tensor log_beta(const torch::Tensor& t, const torch::Tensor& like) const;

 private:
  // Values [T + 1] picked at t [n], in the type and on the device of `like`, [n, 1, ...].
  torch::Tensor pick(const torch::Tensor& values, const torch::Tensor& t,
                     const torch::Tensor& like) const;

  int64_t steps_;
  torch::Tensor beta_, alpha_bar_, posterior_variance_;  // [T + 1] double, at 0..T
};

}  // namespace figment
