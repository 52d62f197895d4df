#include "figment/models/latent_diffusion/latent_diffusion.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"

namespace figment::models {
namespace {

const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {"a", "b"}};

LatentDiffusionConfig small() {
  LatentDiffusionConfig config;
  config.code_channels = 3;
  config.coder.channels = {8};
  config.unet.channels = 8;
  config.unet.multipliers = {1, 2};
  config.unet.blocks = 1;
  config.sampler.steps = 5;
  return config;
}

Batch batch_of(const torch::Tensor& x, const torch::Tensor& label = {}) {
  Batch batch;
  batch.x = x;
  batch.label = label;
  return batch;
}

std::string problem(const LatentDiffusionConfig& config, const ExampleSpec& example = kPicture) {
  Problems problems;
  const Problems::Scope scope{problems, "model", nullptr};
  config.check(scope);
  config.check_example(example, scope);
  try {
    problems.throw_if_any();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Bars, upright in class 0 and lying in class 1.
Batch bars(int64_t n) {
  auto x = torch::zeros({n, 1, 8, 8});
  const auto label = torch::arange(n) % 2;
  for (int64_t i = 0; i < n; ++i) {
    const auto at = (i / 2) % 6 + 1;
    if (i % 2 == 0)
      x[i][0].narrow(1, at, 2).fill_(1);
    else
      x[i][0].narrow(0, std::min<int64_t>(at, 6), 2).fill_(1);
  }
  return batch_of(x, label);
}

void learn(LatentDiffusion& model, const Batch& batch, const std::vector<int64_t>& steps) {
  const auto stages = model.stages(1);
  for (std::size_t i = 0; i < stages.size(); ++i) {
    model.begin_stage(stages[i]);
    for (int64_t step = 0; step < steps[i]; ++step) {
      model.train();
      model.set_clock({step, steps[i], 0});
      model.training_step(batch);
    }
    model.eval();
    model.end_stage(stages[i]);
  }
}

TEST(LatentDiffusion, StandardisesWhatTheDiffusionLearns) {
  torch::manual_seed(1);
  LatentDiffusion model(small(), kPicture);
  const auto batch = bars(64);
  learn(model, batch, {60, 40, 1});
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> draws;
  for (int i = 0; i < 20; ++i) draws.push_back(model.codes_of(batch.x, /*drawn=*/true));
  const auto codes = torch::cat(draws);
  EXPECT_EQ(codes.sizes().vec(), (std::vector<int64_t>{20 * 64, 3, 4, 4}));
  EXPECT_LT(codes.mean({0, 2, 3}).abs().max().item<double>(), 0.05);
  EXPECT_LT((codes.std({0, 2, 3}) - 1).abs().max().item<double>(), 0.05);
}

// Learned again, the codes are measured anew, and not mixed with those of before.
TEST(LatentDiffusion, MeasuresTheCodesOfTheAutoencoderAtHand) {
  torch::manual_seed(2);
  LatentDiffusion model(small(), kPicture);
  const auto batch = bars(64);
  learn(model, batch, {1, 200, 1});
  learn(model, batch, {80, 5, 1});
  torch::NoGradGuard no_grad;
  const auto codes = model.codes_of(batch.x, true);
  EXPECT_LT((codes.std({0, 2, 3}) - 1).abs().max().item<double>(), 0.15);
}

// In the stage that measures, pictures and checkpoints put averages in place: those it measures by.
TEST(LatentDiffusion, MeasuresTheCodesOfTheAveragedWeights) {
  torch::manual_seed(6);
  auto config = small();
  config.autoencoder_optimizer.average = 0.99;
  LatentDiffusion model(config, kPicture);
  const auto batch = bars(16);
  const auto stages = model.stages(1);
  model.begin_stage(stages[0]);
  for (int64_t step = 0; step < 30; ++step) {
    model.train();
    model.training_step(batch);
  }
  model.eval();
  const torch::NoGradGuard no_grad;
  const auto last = model.reconstruct(batch);
  model.end_stage(stages[0]);
  model.begin_stage(stages[1]);
  model.eval();
  const auto judged = model.reconstruct(batch);
  EXPECT_FALSE(torch::equal(judged, last));
  const AverageScope averaged(model.optimizers());
  EXPECT_TRUE(torch::equal(model.reconstruct(batch), judged));
}

// Two kinds of bars, one class each: what is made of a class is of its kind.
TEST(LatentDiffusion, LearnsToMakeWhatItIsAskedFor) {
  torch::manual_seed(3);
  auto config = small();
  config.class_conditional = true;
  config.unet.channels = 16;
  config.sampler.steps = 20;
  config.autoencoder_optimizer.learning_rate = 5e-3;
  config.optimizer.learning_rate = 2e-3;
  config.coder.channels = {16};
  LatentDiffusion model(config, kPicture);
  const auto batch = bars(96);
  learn(model, batch, {150, 2, 200});
  torch::NoGradGuard no_grad;
  EXPECT_LT(mean_sse(model.reconstruct(batch), batch.x).item<double>(), 2);
  Noise noise(1, 0, 64);
  SampleRequest request;
  request.n = 64;
  request.noise = &noise;
  request.label = torch::arange(64) % 2;
  const auto x = model.sample(request).squeeze(1);  // [64, 8, 8]
  // Columns of an upright bar are alike from top to bottom, rows of a lying one from left to right.
  const auto upright = x.std(1).mean(1) < x.std(2).mean(1);
  const auto right = (upright == (request.label == 0)).to(torch::kFloat).mean().item<double>();
  EXPECT_GT(right, 0.9);
}

TEST(LatentDiffusion, SamplesDependOnSeedAndNumberAlone) {
  torch::NoGradGuard no_grad;
  LatentDiffusion model(small(), kPicture);
  for (auto& parameter : model.parameters()) parameter.add_(torch::randn_like(parameter), 0.05);
  model.eval();
  const auto drawn = [&](int64_t first, int64_t n) {
    Noise noise(7, first, n);
    SampleRequest request;
    request.n = n;
    request.noise = &noise;
    return model.sample(request);
  };
  const auto all = drawn(0, 5);
  EXPECT_TRUE(torch::allclose(all.narrow(0, 3, 2), drawn(3, 2), 1e-4, 1e-5));
  EXPECT_GE(all.min().item<double>(), 0);
  EXPECT_LE(all.max().item<double>(), 1);
}

// Little noise leaves an example nearly as the autoencoder has it; its course ends in the sample.
TEST(LatentDiffusion, VariesAndShowsItsCourse) {
  torch::manual_seed(5);
  LatentDiffusion model(small(), kPicture);
  const auto batch = bars(32);
  learn(model, batch, {150, 2, 60});
  torch::NoGradGuard no_grad;
  Noise noise(3, 0, 32), more(3, 0, 32);
  const auto exact = model.reconstruct(batch);
  const auto near = (model.vary(batch, 0.001, noise) - exact).square().mean().item<double>();
  const auto far = (model.vary(batch, 1, more) - exact).square().mean().item<double>();
  EXPECT_LT(near, 0.2 * far);
  Noise one(4, 0, 2), two(4, 0, 2);
  SampleRequest request;
  request.n = 2;
  request.noise = &one;
  const auto course = model.course(request, 4);
  ASSERT_EQ(course.size(), 4U);  // of 6
  EXPECT_EQ(course.front().t, 1000);
  EXPECT_EQ(course.back().t, 0);
  request.noise = &two;
  EXPECT_TRUE(torch::allclose(course.back().x, model.sample(request)));
}

TEST(LatentDiffusion, RefusesWhatCannotBe) {
  EXPECT_EQ(problem(small()), "");
  auto config = small();
  config.loss = ReconstructionLoss::kPoisson;
  EXPECT_NE(problem(config).find("expected squared_error"), std::string::npos);
  config = small();
  config.coder.down = Downsampling::kMaxPool;
  config.coder.up = MapUpsampling::kUnpool;
  EXPECT_NE(problem(config).find("got unpool"), std::string::npos);
  config = small();
  config.coder.channels = {4, 4, 4, 4};
  EXPECT_NE(problem(config).find("expected at most 3 levels"), std::string::npos);
  config = small();
  config.unet.attention = {8};
  EXPECT_NE(problem(config).find("that the images pass through (4, 2), got 8"), std::string::npos);
  config = small();
  config.class_conditional = true;
  const ExampleSpec bare{Modality::kImage, {1, 8, 8}, {}};
  EXPECT_NE(problem(config, bare).find("expected examples with classes"), std::string::npos);
  config.label_dropout = 0;
  config.sampler.guidance = 2;
  EXPECT_NE(problem(config).find("model.sampler.guidance: expected 1 with label_dropout = 0"),
            std::string::npos);
  config.class_conditional = false;
  EXPECT_NE(problem(config).find("model.sampler.guidance: expected 1 without class_conditional"),
            std::string::npos);
  const ExampleSpec vector{Modality::kVector, {5}, {}};
  EXPECT_NE(problem(small(), vector).find("expected images"), std::string::npos);
}

}  // namespace
}  // namespace figment::models
