#include "figment/models/diffusion/diffusion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace figment::models {
namespace {

const ExampleSpec kPair{Modality::kVector, {2}, {}};
const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {"a", "b"}};
const ExampleSpec kPixel{Modality::kImage, {1, 1, 1}, {}};

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

// Of one pixel, with steps of the paper: the first has the deviation 0.01.
DiffusionConfig of_a_pixel() {
  auto config = small();
  config.unet.multipliers = {1};
  config.schedule.kind = BetaSchedule::kLinear;
  return config;
}

// What the network adds to all that it says; untrained it says nothing else.
torch::Tensor last_bias(const Diffusion& model) {
  return model.named_parameters()["unet.last.bias"];
}

// The bound's terms in between and the decoder's, summed, a mean over the examples and over draws
// that are always the same.
double bound_of(Diffusion& model, const torch::Tensor& x) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  double total = 0;
  for (int64_t t = 1; t <= model.terms(); ++t)
    total += model
                 .bound_term(batch_of(x), torch::full({x.size(0)}, t, torch::kLong),
                             torch::randn_like(x))
                 .mean()
                 .item<double>();
  return total;
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
  EXPECT_NEAR(-model.prior_term(x)[0].item<double>() - bound_of(model, x), truth, 0.05);
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
  Diffusion model(of_a_pixel(), kPixel);
  const auto grey = torch::arange(256, torch::kFloat).view({256, 1, 1, 1}) / 255;
  // The decoder's term for every grey from one x_1: noise chosen so that x_1 is the same.
  const double signal = std::sqrt(model.process().alpha_bar(1));
  const double spread = std::sqrt(1 - model.process().alpha_bar(1));
  for (const double x_1 : {0.2, 0.995, -1.01, -1.5}) {
    const auto noise = (x_1 - signal * (2 * grey - 1)) / spread;
    const auto term = model.bound_term(batch_of(grey), torch::ones({256}, torch::kLong), noise);
    EXPECT_NEAR((-term).exp().sum().item<double>(), 1, 1e-4) << x_1;
  }
}

// However far off the prediction is, it is told how far, and which way it is better.
TEST(Diffusion, APixelFarOffCostsAllItsBits) {
  auto config = of_a_pixel();
  config.predict = PredictionKind::kExample;
  Diffusion model(config, kPixel);  // untrained, it predicts 0, the middle grey
  for (const double grey : {0.0, 0.25, 0.75, 1.0}) {
    const auto x = torch::full({1, 1, 1, 1}, grey);
    const auto term = model.bound_term(batch_of(x), torch::ones({1}, torch::kLong), x);
    // The nearer end of the grey step lies so many deviations away; what is beyond it is nearly all
    // that there is beyond (Phi(-a) is near exp(-a^2 / 2) / (a sqrt(2 pi))).
    const double away = (std::abs(2 * grey - 1) - 1.0 / 255) / 0.01;
    const double nats = away * away / 2 + std::log(away * std::sqrt(2 * M_PI));
    EXPECT_NEAR(term.item<double>(), nats, 1e-5 * nats) << grey;
    const auto slope = torch::autograd::grad({term.sum()}, {last_bias(model)})[0].item<double>();
    const double wanted = (grey < 0.5 ? 1 : -1) * (away + 1 / away) / 0.01;
    EXPECT_NEAR(slope, wanted, 1e-3 * std::abs(wanted)) << grey;
  }
}

TEST(Diffusion, LearnsFromPredictionsOutsideTheRangeAndCutsThemWhereItJudges) {
  auto config = of_a_pixel();
  config.predict = PredictionKind::kExample;
  config.loss = DiffusionLoss::kBound;
  Diffusion model(config, kPixel);
  const auto bias = last_bias(model);
  const auto term = [&](double predicted) {
    {
      torch::NoGradGuard no_grad;
      bias.fill_(predicted);
    }
    const auto x = torch::full({1, 1, 1, 1}, 0.75);
    return model.bound_term(batch_of(x), torch::full({1}, 10, torch::kLong), torch::ones_like(x));
  };
  const auto slope = [&](const torch::Tensor& of) {
    return torch::autograd::grad({of.sum()}, {bias})[0].item<double>();
  };
  EXPECT_GT(slope(term(3)), 0);
  EXPECT_GT(term(3).item<double>(), term(1).item<double>());
  model.eval();
  EXPECT_EQ(slope(term(3)), 0);
  EXPECT_EQ(term(3).item<double>(), term(1).item<double>());
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
  EXPECT_EQ(course.front().t, 60);
  EXPECT_EQ(course.back().t, 0);
  Noise d(1, 0, 3), e(1, 0, 3), f(1, 0, 3);
  EXPECT_TRUE(torch::equal(course.front().x, ((d.normal({1, 8, 8}) + 1) / 2).clamp(0, 1)));  // x_T
  request.noise = &e;
  EXPECT_TRUE(torch::allclose(course.back().x, model.sample(request), 1e-5, 1e-5));
  request.noise = &f;
  EXPECT_EQ(model.course(request, 64).size(), 11u);  // all there are
}

// The ends of an interpolation between examples.
TEST(Diffusion, DecodesWhatItInvertedWhateverTheSampler) {
  torch::NoGradGuard no_grad;
  auto config = small();
  config.schedule.steps = 200;
  config.sampler.steps = 50;
  Diffusion model(config, kPair);
  model.eval();
  torch::manual_seed(1);
  const auto x = torch::randn({20, 2});
  for (const auto kind : {SamplerKind::kAncestral, SamplerKind::kDdim, SamplerKind::kDpmSolver}) {
    model.sampler().kind = kind;
    const auto code = model.invert(batch_of(x));
    EXPECT_LT((model.decode(code, {}) - x).abs().max().item<double>(), 0.02) << name_of_enum(kind);
  }
}

// Of data N(0, 1) a step back of any length is normal with the variance beta of that length, so
// with it x stays as wide as it is, up to the last step, whose mean alone is taken.
TEST(Diffusion, DrawsWithItsVarianceAlsoInFewSteps) {
  torch::NoGradGuard no_grad;
  const auto width = [](StepVariance variance, int64_t steps) {
    auto config = small();
    config.variance = variance;
    config.schedule.steps = 40;
    config.sampler.kind = SamplerKind::kAncestral;
    config.sampler.steps = steps;
    Diffusion model(config, kPair);
    model.eval();
    Noise noise(1, 0, 20000);
    SampleRequest request;
    request.n = 20000;
    request.noise = &noise;
    return model.sample(request).std().item<double>();
  };
  // An untrained network's learned variance is in the middle.
  const double learned = width(StepVariance::kLearned, 5), fixed = width(StepVariance::kSmall, 5);
  EXPECT_GT(learned, 1.05 * fixed);
  EXPECT_DOUBLE_EQ(width(StepVariance::kLarge, 5), fixed);
  EXPECT_GT(width(StepVariance::kLarge, 40), width(StepVariance::kSmall, 40));
}

// IDDPM section 3.1: of what the network says, the bound teaches the variance and nothing else.
TEST(Diffusion, TrainsTheVarianceByTheBoundAlone) {
  torch::manual_seed(8);
  auto config = small();
  config.variance = StepVariance::kLearned;
  config.loss = DiffusionLoss::kHybrid;
  Diffusion model(config, kPicture);
  const auto metrics = model.validation_step(batch_of(torch::rand({8, 1, 8, 8})));
  ASSERT_EQ(metrics[0].first, "loss");
  ASSERT_EQ(metrics[1].first, "bound");
  // By the two parts of the output: what is predicted, and where the variance lies.
  const auto by_part = [&](const torch::Tensor& of) {
    return torch::autograd::grad({of}, {last_bias(model)}, {}, /*retain_graph=*/true)[0];
  };
  EXPECT_EQ(by_part(metrics[1].second)[0].item<double>(), 0);
  EXPECT_NE(by_part(metrics[1].second)[1].item<double>(), 0);
  EXPECT_NE(by_part(metrics[0].second)[0].item<double>(), 0);
  EXPECT_NE(by_part(metrics[0].second)[1].item<double>(), 0);
}

// The true variance is beta for data N(0, 1); an untrained network says the middle, and predicts
// what is best from the start, so that all there is to gain is the variance's.
TEST(Diffusion, LearnsTheVarianceOfTheStepBack) {
  torch::manual_seed(5);
  auto config = small();
  config.variance = StepVariance::kLearned;
  config.loss = DiffusionLoss::kHybrid;
  config.schedule.steps = 40;
  config.optimizer.learning_rate = 3e-3;
  config.optimizer.schedule = Schedule::kCosine;
  Diffusion model(config, kPair);
  constexpr int64_t kN = 4000;
  const auto x = torch::tensor({{0.3f, -1.2f}}).expand({kN, 2});
  const double truth = -std::log(2 * M_PI) - 0.5 * (0.09 + 1.44);
  const auto gap = [&] {
    return truth + model.prior_term(x)[0].item<double>() + bound_of(model, x);
  };
  const double before = gap();
  EXPECT_GT(before, 0.2);
  torch::manual_seed(5);
  for (int64_t step = 0; step < 300; ++step) {
    model.set_clock({step, 300, 0});
    model.training_step(batch_of(torch::randn({128, 2})));
  }
  EXPECT_LT(gap(), 0.5 * before);
}

TEST(Diffusion, TrainsByTheBoundWhateverItPredicts) {
  const auto white = torch::ones({16, 1, 8, 8});
  for (const auto kind : {PredictionKind::kNoise, PredictionKind::kExample}) {
    torch::manual_seed(6);
    auto config = small();
    config.unet.multipliers = {1};
    config.predict = kind;
    config.loss = DiffusionLoss::kBound;
    config.schedule.kind = BetaSchedule::kConstant;
    config.schedule.beta_last = 0.25;
    config.schedule.steps = 20;
    config.optimizer.learning_rate = 1e-2;
    Diffusion model(config, kPicture);
    const double before = bound_of(model, white);
    torch::manual_seed(6);
    for (int64_t step = 0; step < 80; ++step) {
      model.set_clock({step, 80, 0});
      model.training_step(batch_of(white));
    }
    EXPECT_LT(bound_of(model, white), 0.7 * before) << name_of_enum(kind);
  }
}

// Hang et al. 2023, section 3.4, on a network that says 0: its error is the target itself.
TEST(Diffusion, WeighsErrorsByTheSignalToNoise) {
  torch::NoGradGuard no_grad;
  constexpr int64_t kN = 64;
  constexpr double kMost = 2;
  const auto x = torch::randn({kN, 2});
  for (const auto kind :
       {PredictionKind::kNoise, PredictionKind::kExample, PredictionKind::kVelocity}) {
    auto config = small();
    config.schedule.steps = 50;
    config.predict = kind;
    config.min_snr = kMost;
    Diffusion model(config, kPair);
    model.eval();
    torch::manual_seed(9);
    const auto loss = model.validation_step(batch_of(x))[0].second.item<double>();
    torch::manual_seed(9);  // the steps and the noise of that
    const auto t = torch::randint(1, 51, {kN}, torch::kLong);
    const auto noise = torch::randn_like(x);
    double expected = 0;
    for (int64_t i = 0; i < kN; ++i) {
      const double left = model.process().alpha_bar(t[i].item<int64_t>()), snr = left / (1 - left);
      const double least = std::min(snr, kMost);
      const double weight = kind == PredictionKind::kNoise     ? least / snr
                            : kind == PredictionKind::kExample ? least
                                                               : least / (snr + 1);
      const auto target = kind == PredictionKind::kNoise ? noise[i]
                          : kind == PredictionKind::kExample
                              ? x[i]
                              : std::sqrt(left) * noise[i] - std::sqrt(1 - left) * x[i];
      expected += weight * target.square().mean().item<double>() / kN;
    }
    EXPECT_NEAR(loss, expected, 1e-4 * expected) << name_of_enum(kind);
  }
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
  config.sampler.guidance = 3;
  says(config, kPicture, "model.sampler.guidance: expected 1 without class_conditional");
  config.class_conditional = true;
  config.label_dropout = 0;
  says(config, kPicture, "model.sampler.guidance: expected 1 with label_dropout = 0");
  config = small();
  config.unet.attention = {3};
  says(config, kPicture, "model.unet.attention: expected heights");
}

}  // namespace
}  // namespace figment::models
