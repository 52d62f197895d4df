// With data that are normal the best prediction is known, and so is what every sampler must give.
#include "figment/nn/diffusion_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

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

// x = 0 whose example is 0 too: where a step ends is its deviation times what is drawn.
TEST(DiffusionSampler, AncestralVariancesAreThoseOfTheStride) {
  const auto process = process_of(100);
  const auto zero = torch::zeros({5, 1});
  const auto after_a_step = [&](int64_t t, int64_t steps, const torch::Tensor& share) {
    const StepPredictor predict = [&](const torch::Tensor& x_t, int64_t) {
      return StepPrediction{{torch::zeros_like(x_t), torch::zeros_like(x_t)}, share};
    };
    torch::Tensor first;
    Noise noise(3, 0, 5);
    run_sampler(process, predict, zero, t, sampler_of(SamplerKind::kAncestral, steps), noise,
                [&](int64_t, const torch::Tensor& x, const torch::Tensor&) {
                  if (!first.defined()) first = x;
                });
    return first;
  };
  Noise same(3, 0, 5);
  const auto drawn = same.normal({1});
  const auto between = torch::linspace(0, 1, 5).view({5, 1});  // as a network says
  for (const int64_t s : {20, 39}) {
    const int64_t t = 40, steps = t / (t - s);  // 40, 20 and the end, or one by one
    const double now = process.alpha_bar(t), next = process.alpha_bar(s);
    const double beta = 1 - now / next, small = (1 - next) / (1 - now) * beta;
    const auto expect = [&](const torch::Tensor& share, const torch::Tensor& log_variance) {
      EXPECT_TRUE(torch::allclose(after_a_step(t, steps, share), (0.5 * log_variance).exp() * drawn,
                                  1e-4, 1e-6))
          << s << " " << log_variance;
    };
    const auto low = torch::full({1}, std::log(small)), high = torch::full({1}, std::log(beta));
    expect({}, low);
    expect(torch::zeros({}), low);
    expect(torch::ones({}), high);
    expect(between, (1 - between) * low + between * high);
  }
  // One by one they are those of the training.
  const auto at = torch::full({1}, 40, torch::kLong);
  const auto like = torch::zeros({1, 1});
  EXPECT_TRUE(torch::allclose(after_a_step(40, 40, torch::ones({})),
                              (0.5 * process.log_beta(at, like)).exp() * drawn, 1e-4, 1e-6));
  EXPECT_TRUE(torch::allclose(after_a_step(40, 40, {}),
                              (0.5 * process.posterior_log_variance(at, like)).exp() * drawn, 1e-4,
                              1e-6));
}

TEST(DiffusionSampler, ShowsItsCourseFromTheNoiseToTheEnd) {
  const auto process = process_of(100);
  const auto predict = best_prediction(process);
  const auto x = torch::randn({2, 1});
  for (const auto kind : {SamplerKind::kAncestral, SamplerKind::kDdim, SamplerKind::kDpmSolver}) {
    const auto config = sampler_of(kind, 4);
    Noise noise(1, 0, 2), same(1, 0, 2), again(1, 0, 2);
    const auto course = run_course(process, predict, x, 100, config, noise, 64);
    ASSERT_EQ(course.size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(course[i].t, 100 - 25 * static_cast<int64_t>(i));
      const auto predicted =
          i == 4 ? course[3].example : predict(course[i].x, course[i].t).denoised.example;
      EXPECT_TRUE(torch::equal(course[i].example, predicted)) << i;
    }
    EXPECT_TRUE(torch::equal(course[0].x, x));
    EXPECT_TRUE(torch::equal(course[4].x, run_sampler(process, predict, x, 100, config, same)));
    const auto ends = run_course(process, predict, x, 100, config, again, 2);
    ASSERT_EQ(ends.size(), 2u);
    EXPECT_TRUE(torch::equal(ends[0].x, x));
    EXPECT_TRUE(torch::equal(ends[1].x, course[4].x));
  }
}

TEST(DiffusionSampler, ChoosesPlacesEvenly) {
  EXPECT_EQ(evenly_spread(3, 5), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(evenly_spread(51, 6), (std::vector<int64_t>{0, 10, 20, 30, 40, 50}));
  EXPECT_EQ(evenly_spread(11, 5), (std::vector<int64_t>{0, 2, 5, 7, 10}));
  EXPECT_EQ(evenly_spread(1, 2), (std::vector<int64_t>{0}));
}

TEST(DiffusionSampler, RefusesSettingsThatChangeNothing) {
  const auto lines_of = [](const SamplerConfig& config) {
    Problems problems;
    config.check({problems, "model.sampler", nullptr});
    return problems.lines();
  };
  EXPECT_TRUE(lines_of({}).empty());
  EXPECT_TRUE(lines_of(sampler_of(SamplerKind::kDdim, 5, 0.5)).empty());
  EXPECT_TRUE(lines_of(sampler_of(SamplerKind::kAncestral, 5)).empty());
  for (const auto kind : {SamplerKind::kAncestral, SamplerKind::kDpmSolver}) {
    const auto lines = lines_of(sampler_of(kind, 5, 0.5));
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_NE(lines[0].find(std::string("model.sampler.eta: expected 0 with kind = \"") +
                            name_of_enum(kind) + "\", as ddim alone has an eta, got 0.5"),
              std::string::npos)
        << lines[0];
  }
  const auto guided = [](double guidance, bool told, double dropout) {
    SamplerConfig config;
    config.guidance = guidance;
    Problems problems;
    check_guidance(config, told, dropout, {problems, "model", nullptr});
    return problems.empty() ? std::string() : problems.lines()[0];
  };
  EXPECT_EQ(guided(1, false, 0.1), "");
  EXPECT_EQ(guided(1, true, 0), "");
  EXPECT_EQ(guided(3, true, 0.1), "");
  EXPECT_NE(guided(3, false, 0.1).find("model.sampler.guidance: expected 1 without class"),
            std::string::npos);
  EXPECT_NE(guided(0, true, 0).find("model.sampler.guidance: expected 1 with label_dropout = 0"),
            std::string::npos);
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
