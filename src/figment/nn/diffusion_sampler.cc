#include "figment/nn/diffusion_sampler.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int kInversionRounds = 2;

torch::Tensor fresh(Noise& noise, const torch::Tensor& like) {
  return noise.normal(like.sizes().slice(1)).to(like.scalar_type());
}

// One step of DDIM from t to s < t, in closed form between any two (DDIM eq. 12 and 16). With
// eta = 1 and s = t - 1 it is a step of DDPM with the posterior's variance.
torch::Tensor ddim_step(const DiffusionProcess& process, const StepPrediction& predicted, int64_t t,
                        int64_t s, double eta, const torch::Tensor& x, Noise& noise) {
  const double now = process.alpha_bar(t), next = process.alpha_bar(s);
  const double sigma =
      eta * std::sqrt((1 - next) / (1 - now)) * std::sqrt(std::max(0.0, 1 - now / next));
  const auto& d = predicted.denoised;
  auto out =
      std::sqrt(next) * d.example + std::sqrt(std::max(0.0, 1 - next - sigma * sigma)) * d.noise;
  if (sigma > 0 && s > 0) out = out + sigma * fresh(noise, x);
  return out;
}

// One step of DDPM from t to s < t (DDPM algorithm 2), for any s by the posterior of the shorter
// chain, whose variances take the place of the whole one's (IDDPM section 4).
torch::Tensor ancestral_step(const DiffusionProcess& process, const StepPrediction& predicted,
                             int64_t t, int64_t s, const torch::Tensor& x, Noise& noise) {
  const double now = process.alpha_bar(t), next = process.alpha_bar(s);
  const double beta = 1 - now / next;
  const auto mean = std::sqrt(next) * beta / (1 - now) * predicted.denoised.example +
                    std::sqrt(now / next) * (1 - next) / (1 - now) * x;
  if (s == 0) return mean;
  const auto draw = fresh(noise, x);
  const double small = (1 - next) / (1 - now) * beta;  // DDPM eq. 7
  if (!predicted.share.defined()) return mean + std::sqrt(small) * draw;
  const auto log_variance =
      predicted.share * std::log(beta) + (1 - predicted.share) * std::log(small);  // IDDPM eq. 15
  return mean + torch::exp(0.5 * log_variance) * draw;
}

// The solver's clock: half the logarithm of the signal-to-noise ratio, and what it multiplies.
struct Half {
  double alpha, sigma, lambda;
};
Half half_of(const DiffusionProcess& process, int64_t t) {
  const double signal = process.alpha_bar(t);
  const double alpha = std::sqrt(signal), sigma = std::sqrt(1 - signal);
  return {alpha, sigma, std::log(alpha / sigma)};
}

// DPM-Solver++(2M) (algorithm 2) over `steps`, its last step into t = 0 of first order, as there
// the clock is infinite.
torch::Tensor solve(const DiffusionProcess& process, const StepPredictor& predict, torch::Tensor x,
                    const std::vector<int64_t>& steps, const StepWatch& watch) {
  torch::Tensor before;
  double step_before = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto now = predict(x, steps[i]).denoised.example;
    if (i + 1 == steps.size()) {
      x = now;
    } else {
      const auto here = half_of(process, steps[i]), there = half_of(process, steps[i + 1]);
      const double h = there.lambda - here.lambda;
      auto direction = now;
      if (before.defined()) {
        const double r = step_before / h;
        direction = (1 + 1 / (2 * r)) * now - 1 / (2 * r) * before;
      }
      x = there.sigma / here.sigma * x - there.alpha * std::expm1(-h) * direction;
      step_before = h;
    }
    before = now;
    if (watch) watch(i + 1 == steps.size() ? 0 : steps[i + 1], x, now);
  }
  return x;
}

}  // namespace

void SamplerConfig::check(const Problems::Scope& scope) const {
  if (eta > 0 && kind != SamplerKind::kDdim)
    scope.add("eta", std::string("expected 0 with kind = \"") + name_of_enum(kind) +
                         "\", as ddim alone has an eta, got " + shortest(eta));
}

void check_guidance(const SamplerConfig& sampler, bool told_classes, double label_dropout,
                    const Problems::Scope& model) {
  if (sampler.guidance == 1) return;
  if (!told_classes)
    model.inner("sampler").add(
        "guidance",
        "expected 1 without class_conditional = true, as there is no class to obey, got " +
            shortest(sampler.guidance));
  else if (label_dropout == 0)
    model.inner("sampler").add("guidance",
                               "expected 1 with label_dropout = 0: the model then never learns to "
                               "do without a class, which guidance compares with; got " +
                                   shortest(sampler.guidance));
}

std::vector<int64_t> spaced_steps(int64_t first, int64_t count) {
  FIGMENT_CHECK(first >= 1 && count >= 1);
  count = std::min(count, first);
  std::vector<int64_t> steps;
  // The highest is `first` itself, so that sampling starts where there is nothing but noise.
  for (int64_t i = 0; i < count; ++i) steps.push_back(first - i * first / count);
  return steps;
}

torch::Tensor run_sampler(const DiffusionProcess& process, const StepPredictor& predict,
                          const torch::Tensor& x, int64_t from, const SamplerConfig& config,
                          Noise& noise, const StepWatch& watch) {
  const auto steps = spaced_steps(from, config.steps);
  if (config.kind == SamplerKind::kDpmSolver) return solve(process, predict, x, steps, watch);
  auto here = x;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto t = steps[i], s = i + 1 == steps.size() ? int64_t{0} : steps[i + 1];
    const auto predicted = predict(here, t);
    here = config.kind == SamplerKind::kAncestral
               ? ancestral_step(process, predicted, t, s, here, noise)
               : ddim_step(process, predicted, t, s, config.eta, here, noise);
    if (watch) watch(s, here, predicted.denoised.example);
  }
  return here;
}

std::vector<int64_t> evenly_spread(int64_t count, int64_t most) {
  FIGMENT_CHECK(count >= 1 && most >= 2);
  most = std::min(most, count);
  std::vector<int64_t> places;
  for (int64_t i = 0; i < most; ++i) places.push_back(most == 1 ? 0 : i * (count - 1) / (most - 1));
  return places;
}

std::vector<CoursePoint> run_course(const DiffusionProcess& process, const StepPredictor& predict,
                                    const torch::Tensor& x, int64_t from,
                                    const SamplerConfig& config, Noise& noise, int64_t most) {
  const auto visited = static_cast<int64_t>(spaced_steps(from, config.steps).size()) + 1;
  const auto shown = evenly_spread(visited, most);
  std::vector<CoursePoint> course;
  CoursePoint here{from, x, {}};
  int64_t place = 0;
  run_sampler(process, predict, x, from, config, noise,
              [&](int64_t t, const torch::Tensor& there, const torch::Tensor& example) {
                // Only now is it known what was predicted where this step began.
                here.example = example;
                if (shown[course.size()] == place++) course.push_back(here);
                here = {t, there, example};
              });
  course.push_back(here);
  return course;
}

torch::Tensor run_inpainting(const DiffusionProcess& process, const StepPredictor& predict,
                             const torch::Tensor& x, const torch::Tensor& known,
                             const torch::Tensor& mask, int64_t repeats,
                             const SamplerConfig& config, Noise& noise, const StepWatch& watch) {
  const auto steps = spaced_steps(process.steps(), config.steps);
  auto here = x;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto t = steps[i], s = i + 1 == steps.size() ? int64_t{0} : steps[i + 1];
    const double now = process.alpha_bar(t), next = process.alpha_bar(s);
    for (int64_t k = 0; k < repeats; ++k) {
      const auto predicted = predict(here, t);
      const auto filled = ancestral_step(process, predicted, t, s, here, noise);
      const auto kept =
          s == 0 ? known : std::sqrt(next) * known + std::sqrt(1 - next) * fresh(noise, x);
      here = mask * kept + (1 - mask) * filled;  // RePaint eq. 8
      if (k + 1 < repeats && s > 0)              // one stretch back towards noise, RePaint line 9
        here = std::sqrt(now / next) * here + std::sqrt(1 - now / next) * fresh(noise, x);
      if (k + 1 == repeats || s == 0) {
        if (watch) watch(s, here, predicted.denoised.example);
        break;
      }
    }
  }
  return here;
}

torch::Tensor run_inversion(const DiffusionProcess& process, const StepPredictor& predict,
                            const torch::Tensor& x, int64_t count, const StepWatch& watch) {
  const auto steps = spaced_steps(process.steps(), count);
  auto here = x;
  for (std::size_t i = steps.size(); i-- > 0;) {
    const auto t = steps[i], s = i + 1 == steps.size() ? int64_t{0} : steps[i + 1];
    const double now = process.alpha_bar(s), next = process.alpha_bar(t);
    const double shrink = std::sqrt(next / now);
    const double share = std::sqrt(1 - next) - shrink * std::sqrt(1 - now);
    // The noise is guessed where the step ends first, and then where it came from.
    auto predicted = predict(here, std::max<int64_t>(s, 1));
    auto there = here;
    for (int round = 0; round <= kInversionRounds; ++round) {
      if (round > 0) predicted = predict(there, t);
      there = shrink * here + share * predicted.denoised.noise;  // DDIM eq. 13 for what it comes of
    }
    here = there;
    if (watch) watch(t, here, predicted.denoised.example);
  }
  return here;
}

}  // namespace figment
