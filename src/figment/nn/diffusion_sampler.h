// From noise to examples with a network that denoises: all steps or few, with noise or without.
// DDPM: Ho et al. 2020. IDDPM: Nichol & Dhariwal 2021. DDIM: Song, Meng & Ermon, "Denoising
// diffusion implicit models", 2021, https://arxiv.org/abs/2010.02502. DPM-Solver++(2M): Lu et al.
// 2022, https://arxiv.org/abs/2211.01095, algorithm 2. Filling in what is hidden: Lugmayr et al.,
// "RePaint", 2022, https://arxiv.org/abs/2201.09865.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "figment/core/config.h"
#include "figment/nn/diffusion_process.h"
#include "figment/nn/noise.h"

namespace figment {

enum class SamplerKind { kAncestral, kDdim, kDpmSolver };
constexpr auto enum_names(SamplerKind) {
  return std::array{EnumName<SamplerKind>{"ancestral", SamplerKind::kAncestral},
                    EnumName<SamplerKind>{"ddim", SamplerKind::kDdim},
                    EnumName<SamplerKind>{"dpm_solver", SamplerKind::kDpmSolver}};
}

struct SamplerConfig {
  SamplerKind kind = SamplerKind::kDdim;
  int64_t steps = 50;
  double eta = 0;
  double guidance = 1;
  bool clip = true;

  static constexpr auto fields() {
    using C = SamplerConfig;
    return std::tuple{
        Field{"kind", &C::kind,
              "ancestral: draws each step's noise anew; ddim: eta says how much; dpm_solver: a "
              "second-order solver without noise (DPM-Solver++ 2M)."},
        Field{"steps", &C::steps, "Steps, spread evenly over those of the training.",
              Within{1, 100000}},
        Field{"eta", &C::eta, "ddim: 0 draws no noise on the way, 1 as much as ancestral.",
              Within{0, 1}},
        Field{"guidance", &C::guidance,
              "Weight of what the class asked for changes (classifier-free guidance); 1 is the "
              "model as it is, more obeys at the cost of variety. 0 ignores the class.",
              Within{0, 100}},
        Field{"clip", &C::clip, "Cut predicted pixels to their range; codes have none."}};
  }
  void check(const Problems::Scope& scope) const;
};

// Adds a problem where the table `model` asks its sampler for guidance of which nothing comes: by a
// class that it is not told, or away from what it never learned to make without one.
void check_guidance(const SamplerConfig& sampler, bool told_classes, double label_dropout,
                    const Problems::Scope& model);

// What the network makes of x_t [n, ...] at one t in 1..T.
struct StepPrediction {
  Denoised denoised;
  // Where the logarithm of a step's variance lies between that of q(x_s | x_t, x_0), 0, and that of
  // beta, 1, both of the step from t to s (IDDPM eq. 15 and section 4); broadcasts over x_t.
  // Undefined: 0.
  torch::Tensor share{};
};
using StepPredictor = std::function<StepPrediction(const torch::Tensor& x_t, int64_t t)>;

// Told of each step: the t that x is at now, x, and the example predicted last.
using StepWatch =
    std::function<void(int64_t t, const torch::Tensor& x_t, const torch::Tensor& example)>;

// The steps to visit, falling, from `first` to 1: `count` of them, evenly spread, or all if there
// are fewer.
std::vector<int64_t> spaced_steps(int64_t first, int64_t count);

// From x at step `from` (T for pure noise) to t = 0. `noise` is drawn from only where the sampler
// asks for some.
torch::Tensor run_sampler(const DiffusionProcess& process, const StepPredictor& predict,
                          const torch::Tensor& x, int64_t from, const SamplerConfig& config,
                          Noise& noise, const StepWatch& watch = {});

// One place of the way from noise to an example.
struct CoursePoint {
  int64_t t = 0;          // steps left
  torch::Tensor x;        // [n, ...] as it is there
  torch::Tensor example;  // [n, ...] the example that is predicted there; at t = 0, predicted last
};

// Of 0, 1, ..., count - 1 as many as there are but at most `most`, 2 or more: evenly spread, the
// first and the last among them.
std::vector<int64_t> evenly_spread(int64_t count, int64_t most);

// The places that run_sampler comes through, x itself first and the end last; of more than `most`
// those that evenly_spread chooses.
std::vector<CoursePoint> run_course(const DiffusionProcess& process, const StepPredictor& predict,
                                    const torch::Tensor& x, int64_t from,
                                    const SamplerConfig& config, Noise& noise, int64_t most);

// From noise x at T to t = 0, with `known` [n, ...] kept where mask [n, 1, ...] is 1. Each stretch
// of steps is gone through `repeats` times, noised again in between, so that the filling agrees
// with the rest (RePaint, algorithm 1). All steps are ancestral, whatever config.kind.
torch::Tensor run_inpainting(const DiffusionProcess& process, const StepPredictor& predict,
                             const torch::Tensor& x, const torch::Tensor& known,
                             const torch::Tensor& mask, int64_t repeats,
                             const SamplerConfig& config, Noise& noise,
                             const StepWatch& watch = {});

// From examples x at t = 0 to the noise at T of which DDIM without noise (eta = 0) makes them in as
// many steps: its steps backwards. Each is an equation for where it came from, solved by a few
// rounds of putting the answer in (Pan et al., "Effective real image editing with accelerated
// iterative diffusion inversion", 2023, https://arxiv.org/abs/2309.04907), so the way back is near
// the way there, the nearer the more steps; what a step made alike is not told apart again.
torch::Tensor run_inversion(const DiffusionProcess& process, const StepPredictor& predict,
                            const torch::Tensor& x, int64_t count, const StepWatch& watch = {});

}  // namespace figment
