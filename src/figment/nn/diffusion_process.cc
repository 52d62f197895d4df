#include "figment/nn/diffusion_process.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"

namespace figment {
namespace {

// Of the signal's variance, what may be left at the last step: sampling starts from noise without
// any, and what the network then sees must be what it was trained on.
constexpr double kSignalLeft = 0.01;

constexpr double kCosineOffset = 0.008, kCosineLargest = 0.999;  // IDDPM section 3.2

std::vector<double> betas_of(const DiffusionScheduleConfig& config) {
  if (config.kind == BetaSchedule::kGiven) return config.betas;
  std::vector<double> betas;
  const auto steps = static_cast<double>(config.steps);
  const auto signal = [&](double t) {  // IDDPM eq. 17
    return std::pow(std::cos((t / steps + kCosineOffset) / (1 + kCosineOffset) * M_PI / 2), 2);
  };
  for (int64_t i = 0; i < config.steps; ++i) {
    const auto at = static_cast<double>(i);
    if (config.kind == BetaSchedule::kConstant)
      betas.push_back(config.beta_last);
    else if (config.kind == BetaSchedule::kLinear)
      betas.push_back(config.beta_first +
                      (config.beta_last - config.beta_first) * at / (steps - 1));
    else
      betas.push_back(std::min(1 - signal(at + 1) / signal(at), kCosineLargest));
  }
  return betas;
}

}  // namespace

void DiffusionScheduleConfig::check(const Problems::Scope& scope) const {
  if (kind == BetaSchedule::kGiven && betas.size() < 2) {
    scope.add("betas",
              "expected at least two with kind = \"given\", got " + std::to_string(betas.size()));
    return;
  }
  if (kind == BetaSchedule::kLinear && beta_last < beta_first) {
    scope.add("beta_last", "expected at least beta_first, " + shortest(beta_first) + ", got " +
                               shortest(beta_last));
    return;
  }
  double left = 1;
  for (const auto beta : betas_of(*this)) left *= 1 - beta;
  if (left > kSignalLeft)
    scope.add(kind == BetaSchedule::kGiven ? "betas" : "steps",
              "expected a schedule that destroys the signal, alpha_bar at the last step at most " +
                  shortest(kSignalLeft) + ", got " + shortest(left) +
                  "; use more steps, larger betas or the cosine schedule");
}

DiffusionProcess::DiffusionProcess(const DiffusionScheduleConfig& config) {
  const auto betas = betas_of(config);
  steps_ = static_cast<int64_t>(betas.size());
  std::vector<double> beta = {0}, alpha_bar = {1}, variance = {0};
  for (const auto one : betas) {
    const auto before = alpha_bar.back(), after = before * (1 - one);
    beta.push_back(one);
    alpha_bar.push_back(after);
    variance.push_back((1 - before) / (1 - after) * one);  // DDPM eq. 7
  }
  variance[1] = variance[2];  // it is 0, and has no logarithm
  beta_ = torch::tensor(beta, torch::kDouble);
  alpha_bar_ = torch::tensor(alpha_bar, torch::kDouble);
  posterior_variance_ = torch::tensor(variance, torch::kDouble);
}

double DiffusionProcess::alpha_bar(int64_t t) const {
  FIGMENT_CHECK(t >= 0 && t <= steps_);
  return alpha_bar_.data_ptr<double>()[t];
}

double DiffusionProcess::beta(int64_t t) const {
  FIGMENT_CHECK(t >= 1 && t <= steps_);
  return beta_.data_ptr<double>()[t];
}

torch::Tensor DiffusionProcess::pick(const torch::Tensor& values, const torch::Tensor& t,
                                     const torch::Tensor& like) const {
  auto shape = std::vector<int64_t>(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = t.size(0);
  return values.to(t.device()).index_select(0, t).to(like.options()).view(shape);
}

torch::Tensor DiffusionProcess::signal_to_noise(const torch::Tensor& t) const {
  const auto signal = alpha_bar_.to(t.device()).index_select(0, t);
  return (signal / (1 - signal)).to(torch::kFloat);
}

torch::Tensor DiffusionProcess::noised(const torch::Tensor& x, const torch::Tensor& t,
                                       const torch::Tensor& noise) const {
  return pick(alpha_bar_.sqrt(), t, x) * x + pick((1 - alpha_bar_).sqrt(), t, x) * noise;
}

torch::Tensor DiffusionProcess::target(PredictionKind kind, const torch::Tensor& x,
                                       const torch::Tensor& t, const torch::Tensor& noise) const {
  if (kind == PredictionKind::kNoise) return noise;
  if (kind == PredictionKind::kExample) return x;
  return pick(alpha_bar_.sqrt(), t, x) * noise - pick((1 - alpha_bar_).sqrt(), t, x) * x;
}

Denoised DiffusionProcess::denoised(PredictionKind kind, const torch::Tensor& output,
                                    const torch::Tensor& x_t, const torch::Tensor& t) const {
  const auto signal = pick(alpha_bar_.sqrt(), t, x_t),
             spread = pick((1 - alpha_bar_).sqrt(), t, x_t);
  switch (kind) {
    case PredictionKind::kNoise:
      return {(x_t - spread * output) / signal, output};
    case PredictionKind::kExample:
      return {output, (x_t - signal * output) / spread};
    case PredictionKind::kVelocity:
      return {signal * x_t - spread * output, spread * x_t + signal * output};
  }
  FIGMENT_CHECK(false);
  return {};
}

torch::Tensor DiffusionProcess::posterior_mean(const torch::Tensor& x, const torch::Tensor& x_t,
                                               const torch::Tensor& t) const {
  const auto one = torch::ones({1}, torch::kDouble);
  const auto before = torch::cat({one, alpha_bar_.slice(0, 0, steps_)});  // alpha_bar of t - 1
  const auto rest = (1 - alpha_bar_).clamp_min(1e-300);                   // t = 0 is never asked
  return pick(before.sqrt() * beta_ / rest, t, x) * x +
         pick((1 - beta_).sqrt() * (1 - before) / rest, t, x) * x_t;  // DDPM eq. 7
}

torch::Tensor DiffusionProcess::posterior_log_variance(const torch::Tensor& t,
                                                       const torch::Tensor& like) const {
  return pick(posterior_variance_.clamp_min(1e-300).log(), t, like);
}

torch::Tensor DiffusionProcess::log_beta(const torch::Tensor& t, const torch::Tensor& like) const {
  return pick(beta_.clamp_min(1e-300).log(), t, like);
}

}  // namespace figment
