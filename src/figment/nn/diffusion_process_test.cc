#include "figment/nn/diffusion_process.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment {
namespace {

DiffusionScheduleConfig schedule(BetaSchedule kind, int64_t steps = 1000) {
  DiffusionScheduleConfig config;
  config.kind = kind;
  config.steps = steps;
  if (kind == BetaSchedule::kGiven) {
    config.betas.assign(static_cast<std::size_t>(steps), 0.05);
    config.betas[0] = 0.01;
  }
  return config;
}

torch::Tensor at(std::vector<int64_t> t) { return torch::tensor(t, torch::kLong); }

TEST(DiffusionProcess, HasTheProductOfItsSteps) {
  for (const auto kind : {BetaSchedule::kConstant, BetaSchedule::kLinear, BetaSchedule::kCosine,
                          BetaSchedule::kGiven}) {
    const DiffusionProcess process(schedule(kind));
    EXPECT_EQ(process.alpha_bar(0), 1);
    double product = 1;
    for (int64_t t = 1; t <= process.steps(); ++t) {
      EXPECT_GT(process.beta(t), 0);
      product *= 1 - process.beta(t);
      EXPECT_NEAR(process.alpha_bar(t), product, 1e-12);
    }
    EXPECT_LT(process.alpha_bar(process.steps()), 1e-2);
  }
  // Values of the papers: DDPM's linear schedule, and the cosine's half way.
  const DiffusionProcess linear(schedule(BetaSchedule::kLinear));
  EXPECT_NEAR(linear.beta(1), 1e-4, 1e-15);
  EXPECT_NEAR(linear.beta(1000), 0.02, 1e-15);
  EXPECT_NEAR(linear.alpha_bar(1000), 4.0358e-5, 1e-8);  // numpy.cumprod
  const DiffusionProcess cosine(schedule(BetaSchedule::kCosine));
  EXPECT_NEAR(cosine.alpha_bar(500),
              std::pow(std::cos((0.5 + 0.008) / 1.008 * M_PI / 2), 2) /
                  std::pow(std::cos(0.008 / 1.008 * M_PI / 2), 2),
              1e-12);
}

// One step after another gives what the closed form says.
TEST(DiffusionProcess, NoisesInOneStepAsInMany) {
  const DiffusionProcess process(schedule(BetaSchedule::kLinear));
  double mean = 1, variance = 0;
  for (int64_t t = 1; t <= 300; ++t) {
    mean *= std::sqrt(1 - process.beta(t));
    variance = variance * (1 - process.beta(t)) + process.beta(t);
  }
  const auto one = torch::ones({1, 1}, torch::kDouble), none = torch::zeros_like(one);
  EXPECT_NEAR(process.noised(one, at({300}), none).item<double>(), mean, 1e-12);
  EXPECT_NEAR(process.noised(none, at({300}), one).item<double>(), std::sqrt(variance), 1e-12);
}

// Against Bayes' rule on the two normals q(x_t | x_{t-1}) and q(x_{t-1} | x_0).
TEST(DiffusionProcess, HasThePosteriorOfAStep) {
  const DiffusionProcess process(schedule(BetaSchedule::kCosine, 50));
  for (const int64_t t : {2, 17, 50}) {
    const double x = 0.7, x_t = -0.4;
    const double before = process.alpha_bar(t - 1), beta = process.beta(t);
    const double precision = 1 / (1 - before) + (1 - beta) / beta;
    const double mean =
        (std::sqrt(before) * x / (1 - before) + std::sqrt(1 - beta) * x_t / beta) / precision;
    const auto tensor = [](double value) { return torch::full({1, 1}, value, torch::kDouble); };
    EXPECT_NEAR(process.posterior_mean(tensor(x), tensor(x_t), at({t})).item<double>(), mean,
                1e-12);
    EXPECT_NEAR(process.posterior_log_variance(at({t}), tensor(0)).item<double>(),
                -std::log(precision), 1e-12);
    EXPECT_NEAR(process.log_beta(at({t}), tensor(0)).item<double>(), std::log(beta), 1e-12);
  }
  // At t = 1 nothing is left to draw: the mean is the example.
  const auto x = torch::full({1, 1}, 0.3, torch::kDouble);
  EXPECT_NEAR(process.posterior_mean(x, x * 9, at({1})).item<double>(), 0.3, 1e-12);
  EXPECT_NEAR(process.posterior_log_variance(at({1}), x).item<double>(),
              process.posterior_log_variance(at({2}), x).item<double>(), 1e-12);
}

TEST(DiffusionProcess, ReadsEveryKindOfPrediction) {
  const DiffusionProcess process(schedule(BetaSchedule::kCosine));
  const auto x = torch::randn({4, 3}, torch::kDouble), noise = torch::randn_like(x);
  const auto t = at({1, 10, 500, 990});
  const auto x_t = process.noised(x, t, noise);
  for (const auto kind :
       {PredictionKind::kNoise, PredictionKind::kExample, PredictionKind::kVelocity}) {
    const auto views = process.denoised(kind, process.target(kind, x, t, noise), x_t, t);
    EXPECT_TRUE(torch::allclose(views.example, x, 1e-8, 1e-8));
    EXPECT_TRUE(torch::allclose(views.noise, noise, 1e-8, 1e-8));
  }
  const auto ratio = process.signal_to_noise(t);
  EXPECT_NEAR(ratio[2].item<double>(), process.alpha_bar(500) / (1 - process.alpha_bar(500)), 1e-5);
}

TEST(DiffusionProcess, RefusesASignalThatStays) {
  const auto says = [](const DiffusionScheduleConfig& config) {
    Problems problems;
    config.check({problems, "model.schedule", nullptr});
    return problems.empty() ? std::string() : problems.lines()[0];
  };
  EXPECT_EQ(says(schedule(BetaSchedule::kCosine, 20)), "");
  EXPECT_NE(says(schedule(BetaSchedule::kLinear, 100))
                .find("model.schedule.steps: expected a schedule that destroys the signal"),
            std::string::npos);
  auto given = schedule(BetaSchedule::kGiven, 5);
  EXPECT_NE(says(given).find("model.schedule.betas: expected a schedule that destroys"),
            std::string::npos);
  given.betas = {0.5};
  EXPECT_NE(says(given).find("expected at least two"), std::string::npos);
  auto falling = schedule(BetaSchedule::kLinear);
  falling.beta_first = 0.5;
  EXPECT_NE(says(falling).find("expected at least beta_first"), std::string::npos);
}

}  // namespace
}  // namespace figment
