#include "figment/models/diffusion/diffusion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment::models {
namespace {

const ExampleSpec kPair{Modality::kVector, {2}, {}};
const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {"a", "b"}};

DiffusionConfig small() {
  DiffusionConfig config;
  config.width = 32;
  config.layers = 2;
  config.unet.channels = 8;
  config.unet.multipliers = {1, 2};
  config.unet.blocks = 1;
  config.sampler.steps = 10;
  return config;
}

Batch batch_of(const torch::Tensor& x, const torch::Tensor& label = {}) {
  Batch batch;
  batch.x = x;
  batch.label = label;
  return batch;
}

void disturb(Diffusion& model) {
  torch::NoGradGuard no_grad;
  for (auto& parameter : model.parameters()) parameter.add_(torch::randn_like(parameter), 0.1);
}

// For data N(0, 1) the best velocity is 0, which is what an untrained network gives, and the step
// back is exactly normal with variance beta: the bound is then the density itself.
TEST(Diffusion, HasATightBoundWhereTheAnswerIsKnown) {
  torch::NoGradGuard no_grad;
  auto config = small();
  config.predict = PredictionKind::kVelocity;
  config.variance = StepVariance::kLarge;
  config.schedule.steps = 40;
  Diffusion model(config, kPair);
  constexpr int64_t kN = 4000;
  const auto x = torch::tensor({{0.3f, -1.2f}}).expand({kN, 2});
  const double truth = -std::log(2 * M_PI) - 0.5 * (0.09 + 1.44);
  // Term by term, every step.
  double total = -model.prior_term(x)[0].item<double>();
  torch::manual_seed(1);
  for (int64_t t = 1; t <= 40; ++t)
    total -= model.bound_term(batch_of(x), torch::full({kN}, t, torch::kLong), torch::randn_like(x))
                 .mean()
                 .item<double>();
  EXPECT_NEAR(total, truth, 0.05);
  // And by the estimate of a few steps.
  Noise noise(2, 0, kN);
  const auto density = model.log_density(batch_of(x), noise);
  EXPECT_NEAR(density.total.mean().item<double>(), truth, 0.1);
  const auto sum = density.parts[0].second + density.parts[1].second + density.parts[2].second;
  EXPECT_TRUE(torch::allclose(sum, density.total, 1e-4, 1e-4));
  // With another variance it is a bound, and no more.
  config.variance = StepVariance::kSmall;
  config.predict = PredictionKind::kNoise;
  Diffusion worse(config, kPair);
  Noise again(2, 0, kN);
  EXPECT_LT(worse.log_density(batch_of(x), again).total.mean().item<double>(), truth - 0.1);
}

TEST(Diffusion, GreysOfAPixelHaveProbabilitiesThatSumToOne) {
  torch::NoGradGuard no_grad;
  const ExampleSpec pixel{Modality::kImage, {1, 1, 1}, {}};
  auto config = small();
  config.unet.multipliers = {1};
  config.schedule.kind = BetaSchedule::kLinear;
  Diffusion model(config, pixel);
  const auto grey = torch::arange(256, torch::kFloat).view({256, 1, 1, 1}) / 255;
  // The decoder's term for every grey from one x_1: noise chosen so that x_1 is the same.
  const double signal = std::sqrt(model.process().alpha_bar(1));
  const double spread = std::sqrt(1 - model.process().alpha_bar(1));
  const auto noise = (0.2 - signal * (2 * grey - 1)) / spread;
  const auto term = model.bound_term(batch_of(grey), torch::ones({256}, torch::kLong), noise);
  EXPECT_NEAR((-term).exp().sum().item<double>(), 1, 1e-4);
}

TEST(Diffusion, LearnsTwoPointsAndDrawsThem) {
  torch::manual_seed(3);
  auto config = small();
  config.schedule.steps = 50;
  config.optimizer.learning_rate = 3e-3;
  config.sampler.steps = 50;
  Diffusion model(config, kPair);
  model.train();
  const auto points = torch::tensor({{1.0f, 0.5f}, {-1.0f, -0.5f}});
  for (int64_t step = 0; step < 600; ++step) {
    model.set_clock({step, 600, 0});
    model.training_step(batch_of(points.index_select(0, torch::randint(2, {128}))));
  }
  model.eval();
  torch::NoGradGuard no_grad;
  for (const auto kind : {SamplerKind::kAncestral, SamplerKind::kDdim, SamplerKind::kDpmSolver}) {
    model.sampler().kind = kind;
    Noise noise(1, 0, 400);
    SampleRequest request;
    request.n = 400;
    request.noise = &noise;
    const auto x = model.sample(request);
    const auto distance = torch::cdist(x, points);
    EXPECT_GT((std::get<0>(distance.min(1)) < 0.3).to(torch::kFloat).mean().item<double>(), 0.9)
        << name_of_enum(kind);
    const auto share = distance.argmin(1).to(torch::kFloat).mean().item<double>();
    EXPECT_NEAR(share, 0.5, 0.15) << name_of_enum(kind);
  }
}

TEST(Diffusion, ObeysTheClassItIsAskedFor) {
  torch::manual_seed(4);
  const ExampleSpec labelled{Modality::kVector, {2}, {"left", "right"}};
  auto config = small();
  config.class_conditional = true;
  config.schedule.steps = 50;
  config.optimizer.learning_rate = 3e-3;
  Diffusion model(config, labelled);
  model.train();
  for (int64_t step = 0; step < 400; ++step) {
    model.set_clock({step, 400, 0});
    const auto label = torch::randint(2, {128}, torch::kLong);
    const auto x = torch::randn({128, 2}) * 0.5 + (2 * label.to(torch::kFloat) - 1).unsqueeze(1);
    model.training_step(batch_of(x, label));
  }
  model.eval();
  torch::NoGradGuard no_grad;
  const auto mean_of = [&](int64_t label, double guidance) {
    model.sampler().guidance = guidance;
    Noise noise(1, 0, 500);
    SampleRequest request;
    request.n = 500;
    request.noise = &noise;
    request.label = torch::full({500}, label, torch::kLong);
    return model.sample(request).mean().item<double>();
  };
  EXPECT_NEAR(mean_of(0, 1), -1, 0.25);
  EXPECT_NEAR(mean_of(1, 1), 1, 0.25);
  EXPECT_NEAR(mean_of(1, 0), 0, 0.35);      // the class is ignored
  EXPECT_GT(mean_of(1, 3), mean_of(1, 1));  // and exaggerated
}

TEST(Diffusion, DecodesVariesAndCompletes) {
  torch::NoGradGuard no_grad;
  auto config = small();
  config.schedule.steps = 60;
  Diffusion model(config, kPicture);
  disturb(model);
  model.eval();
  const auto x = torch::rand({3, 1, 8, 8});
  const auto code = torch::randn({3, 64});
  EXPECT_TRUE(torch::equal(model.decode(code, {}), model.decode(code, {})));
  Noise noise(1, 0, 3);
  auto mask = torch::zeros({3, 1, 8, 8});
  mask.narrow(3, 0, 4).fill_(1);
  const auto filled = model.complete(batch_of(x), mask, noise);
  EXPECT_TRUE(torch::allclose(filled.narrow(3, 0, 4), x.narrow(3, 0, 4), 1e-5, 1e-5));
  EXPECT_FALSE(torch::allclose(filled.narrow(3, 4, 4), x.narrow(3, 4, 4), 1e-2, 1e-2));
  Noise a(1, 0, 3), b(1, 0, 3);
  const auto near = model.vary(batch_of(x), 0.02, a), far = model.vary(batch_of(x), 0.9, b);
  EXPECT_LT((near - x).abs().mean().item<float>(), 0.1);
  EXPECT_GT((far - x).abs().mean().item<float>(), (near - x).abs().mean().item<float>());
  Noise c(1, 0, 3);
  SampleRequest request;
  request.n = 3;
  request.noise = &c;
  const auto course = model.course(request, 5);
  ASSERT_EQ(course.size(), 5u);
  EXPECT_EQ(course.back().t, 0);
  Noise d(1, 0, 3);
  request.noise = &d;
  EXPECT_TRUE(torch::allclose(course.back().x, model.sample(request), 1e-5, 1e-5));
}

TEST(Diffusion, TrainsTheVarianceByTheBoundAlone) {
  auto config = small();
  config.variance = StepVariance::kLearned;
  config.loss = DiffusionLoss::kHybrid;
  Diffusion model(config, kPicture);
  const auto metrics = model.training_step(batch_of(torch::rand({4, 1, 8, 8})));
  ASSERT_EQ(metrics[1].first, "bound");
  for (const auto& [name, value] : metrics)
    EXPECT_TRUE(std::isfinite(value.item<double>())) << name;
}

TEST(Diffusion, RefusesWhatDoesNotGoTogether) {
  const auto says = [](const DiffusionConfig& config, const ExampleSpec& example,
                       const char* words) {
    Problems problems;
    config.check({problems, "model", nullptr});
    config.check_example(example, {problems, "model", nullptr});
    ASSERT_FALSE(problems.empty()) << words;
    EXPECT_NE(problems.lines()[0].find(words), std::string::npos) << problems.lines()[0];
  };
  auto config = small();
  config.variance = StepVariance::kLearned;
  says(config, kPair, "model.loss: expected bound or hybrid");
  config = small();
  config.loss = DiffusionLoss::kHybrid;
  says(config, kPair, "model.variance: expected learned");
  config = small();
  config.loss = DiffusionLoss::kBound;
  config.min_snr = 5;
  says(config, kPair, "model.min_snr: expected 0");
  config = small();
  config.class_conditional = true;
  says(config, kPair, "model.class_conditional: expected examples with classes");
  config = small();
  config.unet.attention = {3};
  says(config, kPicture, "model.unet.attention: expected heights");
}

}  // namespace
}  // namespace figment::models
