#include "figment/models/source_separation/source_separation.h"

#include <gtest/gtest.h>

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
