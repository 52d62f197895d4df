#include "figment/models/autoencoder/autoencoder.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"
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

// Documents of two topics, each with words of its own; a code of one number tells them apart.
torch::Tensor documents(int64_t n) {
  torch::manual_seed(2);
  const auto topic = torch::arange(n) % 2;
  const auto first = (torch::arange(6) < 3).to(torch::kFloat);
  const auto rates = torch::where(topic.unsqueeze(1) == 0, first, 1 - first) * 4 + 0.1;
  return torch::poisson(rates);
}

TEST(Autoencoder, LearnsCountsOfWords) {
  for (const auto loss : {ReconstructionLoss::kMultinomial, ReconstructionLoss::kPoisson}) {
    AutoencoderConfig config;
    config.loss = loss;
    config.latent_dim = 1;
    config.coder.hidden = {8};
    config.optimizer.learning_rate = 0.02;
    Autoencoder model(config, {Modality::kVector, {6}, {}});
    Batch batch;
    batch.x = documents(200);
    for (int i = 0; i < 300; ++i) model.training_step(batch);
    const auto y = model.reconstruct(batch);
    EXPECT_GE(y.min().item<float>(), 0);
    // The words of a document's own topic are expected, the others are not.
    const auto half = y.narrow(1, 0, 3).sum(1) / y.sum(1);
    EXPECT_GT(half[0].item<float>(), 0.9);
    EXPECT_LT(half[1].item<float>(), 0.1);
    // As many words as there are: in each document (multinomial), on the average (poisson).
    if (loss == ReconstructionLoss::kMultinomial) {
      EXPECT_TRUE(torch::allclose(y.sum(1), batch.x.sum(1), 1e-4));
      EXPECT_TRUE(torch::allclose(model.decode(torch::randn({4, 1}), {}).sum(1), torch::ones({4})));
    } else {
      EXPECT_NEAR((y.sum() / batch.x.sum()).item<float>(), 1, 0.05);
    }
  }
}

TEST(Autoencoder, RefusesCountsBelowZero) {
  AutoencoderConfig config;
  config.loss = ReconstructionLoss::kMultinomial;
  Autoencoder model(config, {Modality::kVector, {2}, {}});
  Batch batch;
  batch.x = torch::tensor({{1.0F, -0.5F}});
  try {
    model.training_step(batch);
    FAIL() << "standardised numbers were taken for counts";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("data.scaling"), std::string::npos) << error.what();
  }
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
