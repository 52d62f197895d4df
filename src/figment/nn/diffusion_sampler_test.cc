// With data that are normal the best prediction is known, and so is what every sampler must give.
#include "figment/nn/diffusion_sampler.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment {
namespace {

constexpr double kMean = 1.5, kDeviation = 0.4;

DiffusionProcess process_of(int64_t steps) {
  DiffusionScheduleConfig config;
  config.steps = steps;
  return DiffusionProcess(config);
}

// E[x | x_t] for data N(kMean, kDeviation^2).
StepPredictor best_prediction(const DiffusionProcess& process) {
  return [&process](const torch::Tensor& x_t, int64_t t) {
    const double signal = process.alpha_bar(t), variance = kDeviation * kDeviation;
    const auto example = kMean + std::sqrt(signal) * variance / (signal * variance + 1 - signal) *
                                     (x_t - std::sqrt(signal) * kMean);
    StepPrediction out;
    out.denoised = {example, (x_t - std::sqrt(signal) * example) / std::sqrt(1 - signal)};
    return out;
  };
}

// Where the flow without noise carries x_T, by its closed form.
torch::Tensor carried(const DiffusionProcess& process, const torch::Tensor& x) {
  const double signal = process.alpha_bar(process.steps());
  const double spread = std::sqrt(signal * kDeviation * kDeviation + 1 - signal);
  return kMean + kDeviation * (x - std::sqrt(signal) * kMean) / spread;
}

SamplerConfig sampler_of(SamplerKind kind, int64_t steps, double eta = 0) {
  SamplerConfig config;
  config.kind = kind;
  config.steps = steps;
  config.eta = eta;
  return config;
}

TEST(DiffusionSampler, VisitsStepsFromTheFirstDown) {
  EXPECT_EQ(spaced_steps(1000, 4), (std::vector<int64_t>{1000, 750, 500, 250}));
  EXPECT_EQ(spaced_steps(3, 50), (std::vector<int64_t>{3, 2, 1}));
  EXPECT_EQ(spaced_steps(7, 1), (std::vector<int64_t>{7}));
}

TEST(DiffusionSampler, DrawsFromTheDataWithTheBestPrediction) {
  const auto process = process_of(400);
  const auto predict = best_prediction(process);
  constexpr int64_t kN = 20000;
  for (const auto& config :
       {sampler_of(SamplerKind::kAncestral, 400), sampler_of(SamplerKind::kDdim, 400),
        sampler_of(SamplerKind::kDdim, 400, 1), sampler_of(SamplerKind::kDpmSolver, 50)}) {
    Noise noise(3, 0, kN);
    const auto x = noise.normal({1});
    const auto out = run_sampler(process, predict, x, process.steps(), config, noise);
    EXPECT_NEAR(out.mean().item<double>(), kMean, 0.015) << name_of_enum(config.kind);
    EXPECT_NEAR(out.std().item<double>(), kDeviation, 0.015)
        << name_of_enum(config.kind) << " " << config.eta;
  }
}

TEST(DiffusionSampler, TheSecondOrderIsNearerToTheFlow) {
  const auto process = process_of(1000);
  const auto predict = best_prediction(process);
  const auto x = torch::linspace(-2, 2, 9, torch::kDouble).unsqueeze(1);
  const auto error = [&](SamplerKind kind, int64_t steps) {
    Noise noise(1, 0, 9);
    const auto out =
        run_sampler(process, predict, x, process.steps(), sampler_of(kind, steps), noise);
    return (out - carried(process, x)).abs().max().item<double>();
  };
  EXPECT_LT(error(SamplerKind::kDdim, 1000), 0.01);
  EXPECT_LT(error(SamplerKind::kDpmSolver, 20), 0.5 * error(SamplerKind::kDdim, 20));
  EXPECT_LT(error(SamplerKind::kDdim, 100), error(SamplerKind::kDdim, 20));
}

TEST(DiffusionSampler, WithoutNoiseItDrawsNone) {
  const auto process = process_of(100);
  const auto predict = best_prediction(process);
  const auto x = torch::randn({5, 1});
  const auto run = [&](SamplerKind kind, std::uint64_t seed) {
    Noise noise(seed, 0, 5);
    return run_sampler(process, predict, x, 100, sampler_of(kind, 10), noise);
  };
  EXPECT_TRUE(torch::equal(run(SamplerKind::kDdim, 1), run(SamplerKind::kDdim, 2)));
  EXPECT_TRUE(torch::equal(run(SamplerKind::kDpmSolver, 1), run(SamplerKind::kDpmSolver, 2)));
  EXPECT_FALSE(torch::equal(run(SamplerKind::kAncestral, 1), run(SamplerKind::kAncestral, 2)));
}

TEST(DiffusionSampler, IsWatchedToTheEnd) {
  const auto process = process_of(100);
  for (const auto kind : {SamplerKind::kDdim, SamplerKind::kDpmSolver}) {
    std::vector<int64_t> seen;
    torch::Tensor last;
    Noise noise(1, 0, 2);
    const auto out = run_sampler(process, best_prediction(process), torch::randn({2, 1}), 100,
                                 sampler_of(kind, 4), noise,
                                 [&](int64_t t, const torch::Tensor& x, const torch::Tensor&) {
                                   seen.push_back(t);
                                   last = x;
                                 });
    EXPECT_EQ(seen, (std::vector<int64_t>{75, 50, 25, 0}));
    EXPECT_TRUE(torch::equal(last, out));
  }
}

// Two numbers of a normal with correlation .9: with the first known, the second is normal about .9
// of it with deviation sqrt(1 - .81).
TEST(DiffusionSampler, FillsInWhatGoesWithWhatIsKnown) {
  const auto process = process_of(200);
  const auto covariance = torch::tensor({{1.0f, 0.9f}, {0.9f, 1.0f}});
  const StepPredictor predict = [&](const torch::Tensor& x_t, int64_t t) {
    const double signal = process.alpha_bar(t);
    const auto total = signal * covariance + (1 - signal) * torch::eye(2);
    const auto example = std::sqrt(signal) * x_t.mm(total.inverse()).mm(covariance);
    StepPrediction out;
    out.denoised = {example, (x_t - std::sqrt(signal) * example) / std::sqrt(1 - signal)};
    return out;
  };
  constexpr int64_t kN = 4000;
  const auto known = torch::tensor({{1.0f, -7.0f}}).expand({kN, 2});
  const auto mask = torch::tensor({{1.0f, 0.0f}}).expand({kN, 2});
  const auto filled = [&](int64_t repeats) {
    Noise noise(5, 0, kN);
    const auto x = noise.normal({2});
    return run_inpainting(process, predict, x, known, mask, repeats,
                          sampler_of(SamplerKind::kAncestral, 200), noise);
  };
  const auto out = filled(10);
  EXPECT_TRUE(torch::equal(out.select(1, 0), known.select(1, 0)));
  EXPECT_NEAR(out.select(1, 1).mean().item<double>(), 0.9, 0.06);
  EXPECT_NEAR(out.select(1, 1).std().item<double>(), std::sqrt(0.19), 0.06);
  // Going through each step once agrees less.
  EXPECT_GT(std::abs(filled(1).select(1, 1).mean().item<double>() - 0.9), 0.06);
}

TEST(DiffusionSampler, GoesBackToTheNoiseItCameFrom) {
  const auto process = process_of(400);
  const auto predict = best_prediction(process);
  torch::manual_seed(2);
  const auto noise = torch::randn({200, 1});
  const auto x = carried(process, noise);
  EXPECT_LT((run_inversion(process, predict, x, 400) - noise).abs().max().item<double>(), 0.1);
  // There and back in the same few steps, which are far from the flow itself.
  int64_t told = 0;
  const auto back =
      run_inversion(process, predict, x, 25,
                    [&](int64_t, const torch::Tensor&, const torch::Tensor&) { ++told; });
  EXPECT_EQ(told, 25);
  Noise none(1, 0, 200);
  const auto again =
      run_sampler(process, predict, back, 400, sampler_of(SamplerKind::kDdim, 25), none);
  EXPECT_LT((again - x).abs().max().item<double>(), 0.02);
}

}  // namespace
}  // namespace figment
