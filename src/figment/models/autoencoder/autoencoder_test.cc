#include "figment/models/autoencoder/autoencoder.h"

#include <gtest/gtest.h>

#include "figment/eval/pca.h"

namespace figment::models {
namespace {

TEST(Autoencoder, ReconstructsWhatItsCodeHasRoomFor) {
  torch::manual_seed(1);
  // Points of a plane in five dimensions: a code of two is enough.
  const auto x = torch::randn({256, 2}).mm(torch::randn({2, 5}));
  AutoencoderConfig config;
  config.latent_dim = 2;
  config.coder.hidden = {};
  config.optimizer.learning_rate = 0.02;
  Autoencoder model(config, {Modality::kVector, {5}, {}});
  Batch batch;
  batch.x = x;
  for (int i = 0; i < 400; ++i) model.training_step(batch);
  const auto error = (model.reconstruct(batch) - x).square().sum(1).mean().item<double>();
  EXPECT_LT(error, 1e-3);
  // A linear autoencoder is no better than PCA: Baldi & Hornik 1989.
  EXPECT_GE(error, pca_sse(x, x, 2) - 1e-6);
}

TEST(Autoencoder, EndsInALogisticFunctionForCrossEntropy) {
  AutoencoderConfig config;
  config.loss = ReconstructionLoss::kCrossEntropy;
  config.latent_dim = 3;
  config.coder.network = Network::kConv;
  config.coder.channels = {4, 8};
  Autoencoder model(config, {Modality::kImage, {3, 11, 14}, {}});
  Batch batch;
  batch.x = torch::rand({2, 3, 11, 14});
  const auto y = model.reconstruct(batch);
  EXPECT_EQ(y.sizes(), batch.x.sizes());
  EXPECT_GT(y.min().item<float>(), 0);
  EXPECT_LT(y.max().item<float>(), 1);
}

TEST(Autoencoder, RefusesCrossEntropyOfNumbersWithoutBounds) {
  Problems problems;
  AutoencoderConfig config;
  config.loss = ReconstructionLoss::kCrossEntropy;
  config.check_example({Modality::kVector, {4}, {}}, {problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 1u);
  EXPECT_NE(problems.lines()[0].find("model.loss: expected squared_error"), std::string::npos);
}

}  // namespace
}  // namespace figment::models
