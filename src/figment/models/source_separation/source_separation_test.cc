#include "figment/models/source_separation/source_separation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace figment::models {
namespace {

const ExampleSpec kVectors{Modality::kVector, {4}, {"a", "b", "c"}};

Batch batch_of(int64_t n) {
  Batch batch;
  batch.x = torch::randn({n, 4});
  batch.label = torch::arange(n).remainder(3);
  return batch;
}

TEST(SourceSeparation, SumsExamplesOfTheBatch) {
  torch::manual_seed(1);
  SourceSeparationConfig config;
  config.sources = 3;
  SourceSeparation model(config, kVectors);
  const auto batch = batch_of(20);
  Noise noise(1, 0, 20);
  const auto mixture = model.mix(batch, noise);
  EXPECT_EQ(mixture.sources.sizes().vec(), (std::vector<int64_t>{20, 3, 4}));
  EXPECT_TRUE(torch::allclose(mixture.x, mixture.sources.mean(1)));
  // Each source is one of the examples.
  const auto same = (mixture.sources.reshape({60, 1, 4}) == batch.x.unsqueeze(0)).all(2);
  EXPECT_TRUE(same.any(1).all().item<bool>());
  EXPECT_EQ(model.separate(mixture.x).sizes(), mixture.sources.sizes());
}

TEST(SourceSeparation, DrawsSourcesFromTheirClasses) {
  torch::manual_seed(2);
  SourceSeparationConfig config;
  config.source_kind = SourceKind::kClasses;
  SourceSeparation model(config, kVectors);
  auto batch = batch_of(30);
  batch.x = batch.label.to(torch::kFloat).unsqueeze(1).expand({30, 4}).contiguous();
  Noise noise(1, 0, 30);
  const auto mixture = model.mix(batch, noise);
  // Of classes 0, 1, 2 the even ones are the first source's.
  EXPECT_TRUE((mixture.sources.select(1, 0) != 1).all().item<bool>());
  EXPECT_TRUE((mixture.sources.select(1, 1) == 1).all().item<bool>());
}

TEST(SourceSeparation, LossIsThatOfTheCheapestAssignment) {
  torch::manual_seed(3);
  SourceSeparationConfig config;
  config.sources = 3;
  const SourceSeparation any(config, kVectors);
  const auto sources = torch::randn({5, 3, 4});
  const auto turned = sources.roll(1, 1);
  EXPECT_NEAR(any.loss(turned, sources).item<double>(), 0, 1e-6);
  config.source_kind = SourceKind::kClasses;
  const SourceSeparation ordered(config, kVectors);
  EXPECT_NEAR(ordered.loss(turned, sources).item<double>(),
              (turned - sources).square().sum().item<double>() / 5, 1e-4);
  // Never more than the given order costs.
  const auto other = torch::randn({5, 3, 4});
  EXPECT_LE(any.loss(other, sources).item<double>(), ordered.loss(other, sources).item<double>());
}

TEST(SourceSeparation, SeparatesWhatCanBe) {
  torch::manual_seed(4);
  // Two kinds in orthogonal planes: a linear map takes their sum apart.
  SourceSeparationConfig config;
  config.source_kind = SourceKind::kClasses;
  config.latent_dim = 2;
  config.coder.hidden = {};
  config.optimizer.learning_rate = 0.02;
  SourceSeparation model(config, kVectors);
  Batch batch;
  batch.x = torch::randn({128, 4});
  batch.label = torch::arange(128).remainder(2);
  const auto first = (batch.label == 0).to(torch::kFloat).unsqueeze(1);
  batch.x *= torch::cat({first, first, 1 - first, 1 - first}, 1);
  for (int i = 0; i < 500; ++i) model.training_step(batch);
  EXPECT_LT(model.validation_step(batch)[0].second.item<double>(), 0.05);
}

const ExampleSpec kImages{Modality::kImage, {1, 4, 4}, {}};

TEST(SourceSeparation, LearnsByCrossEntropy) {
  torch::manual_seed(5);
  SourceSeparationConfig config;
  config.loss = SourceLoss::kCrossEntropy;
  config.source_kind = SourceKind::kClasses;
  config.coder.hidden = {32};
  config.optimizer.learning_rate = 0.01;
  SourceSeparation model(config, kImages);
  // With no output there is log 2 to pay for each element of both sources.
  const auto nothing = torch::zeros({3, 2, 1, 4, 4});
  EXPECT_NEAR(model.loss(nothing, torch::rand({3, 2, 1, 4, 4})).item<double>(), 32 * std::log(2.0),
              1e-4);
  // Pixels of the upper half or of the lower one.
  Batch batch;
  batch.x = torch::bernoulli(torch::full({64, 1, 4, 4}, 0.5));
  batch.label = torch::arange(64).remainder(2);
  const auto upper = (torch::arange(4) < 2).view({1, 1, 4, 1});
  batch.x *= upper == (batch.label == 0).view({64, 1, 1, 1});
  const auto before = model.validation_step(batch)[0].second.item<double>();
  for (int i = 0; i < 300; ++i) model.training_step(batch);
  EXPECT_LT(model.validation_step(batch)[0].second.item<double>(), 0.3 * before);
  Noise noise(1, 0, 64);
  const auto mixture = model.mix(batch, noise);
  const auto outputs = model.separate(mixture.x);
  EXPECT_EQ(outputs.sizes(), mixture.sources.sizes());
  EXPECT_TRUE(((outputs >= 0) & (outputs <= 1)).all().item<bool>());
  EXPECT_LT((outputs - mixture.sources).abs().mean().item<double>(), 0.15);
}

TEST(SourceSeparation, GivesEverySourceAnEncoder) {
  torch::manual_seed(6);
  SourceSeparationConfig config;
  config.sources = 3;
  config.encoders = SourceEncoders::kEach;
  config.latent_dim = 2;
  config.coder.hidden = {};
  SourceSeparation model(config, kVectors);
  const auto x = torch::randn({5, 4});
  const auto before = model.separate(x);
  EXPECT_EQ(before.sizes().vec(), (std::vector<int64_t>{5, 3, 4}));
  // What one encoder does is seen in the output of its own decoder alone.
  torch::NoGradGuard no_grad;
  int64_t touched = 0;
  for (auto& item : model.named_parameters())
    if (item.key().rfind("encoder2.", 0) == 0) {
      item.value().add_(1);
      ++touched;
    }
  ASSERT_GT(touched, 0);
  const auto after = model.separate(x);
  for (int64_t j = 0; j < 3; ++j)
    EXPECT_EQ(torch::equal(before.select(1, j), after.select(1, j)), j != 1) << j;
}

TEST(SourceSeparation, RefusesWhatTheDataCannotGive) {
  SourceSeparationConfig config;
  config.source_kind = SourceKind::kClasses;
  config.loss = SourceLoss::kCrossEntropy;
  Problems problems;
  config.check_example({Modality::kVector, {4}, {}}, {problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 2u);
  EXPECT_NE(problems.lines()[1].find("at least 2 classes"), std::string::npos);
}

}  // namespace
}  // namespace figment::models
