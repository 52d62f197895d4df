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

TEST(Autoencoder, RefusesBoundedLossesOfNumbersWithoutBounds) {
  for (const auto loss :
       {ReconstructionLoss::kCrossEntropy, ReconstructionLoss::kBoundedSquaredError}) {
    Problems problems;
    AutoencoderConfig config;
    config.loss = loss;
    config.check_example({Modality::kVector, {4}, {}}, {problems, "model", nullptr});
    ASSERT_EQ(problems.lines().size(), 1u);
    EXPECT_NE(problems.lines()[0].find("model.loss: expected squared_error"), std::string::npos);
  }
}

TEST(Autoencoder, RefusesCountsOfImages) {
  for (const auto loss : {ReconstructionLoss::kMultinomial, ReconstructionLoss::kPoisson}) {
    Problems problems;
    AutoencoderConfig config;
    config.loss = loss;
    config.check_example({Modality::kVector, {16}, {}}, {problems, "model", nullptr});
    EXPECT_TRUE(problems.empty());
    config.check_example({Modality::kImage, {1, 4, 4}, {}}, {problems, "model", nullptr});
    ASSERT_EQ(problems.lines().size(), 1u);
    EXPECT_NE(problems.lines()[0].find("model.loss: expected squared_error, bounded"),
              std::string::npos);
  }
}

TEST(Autoencoder, RefusesDamageThatMakesCountsBelowZero) {
  for (const auto loss : {ReconstructionLoss::kSquaredError, ReconstructionLoss::kMultinomial,
                          ReconstructionLoss::kPoisson})
    for (const auto kind : {Corruption::kNone, Corruption::kGaussian, Corruption::kSaltAndPepper,
                            Corruption::kMasking, Corruption::kBlock}) {
      Problems problems;
      AutoencoderConfig config;
      config.loss = loss;
      config.corruption.kind = kind;
      config.check({problems, "model", nullptr});
      const bool below_zero = kind == Corruption::kGaussian || kind == Corruption::kSaltAndPepper;
      if (loss == ReconstructionLoss::kSquaredError || !below_zero) {
        EXPECT_TRUE(problems.empty()) << problems.lines().front();
        continue;
      }
      ASSERT_EQ(problems.lines().size(), 1u);
      EXPECT_NE(problems.lines()[0].find("model.corruption.kind: expected masking, centre, block"),
                std::string::npos);
    }
}

TEST(Autoencoder, RestoresAsManyCountsAsItSees) {
  AutoencoderConfig config;
  config.loss = ReconstructionLoss::kMultinomial;
  config.corruption.kind = Corruption::kMasking;
  config.corruption.amount = 1;  // nothing is left to see
  Autoencoder model(config, {Modality::kVector, {6}, {}});
  Batch batch;
  batch.x = documents(20);
  torch::NoGradGuard no_grad;
  const auto restored = model.restore(torch::zeros({20, 6}));
  const auto metrics = model.validation_step(batch);
  ASSERT_EQ(metrics[2].first, "restored_sse");
  EXPECT_FLOAT_EQ(metrics[2].second.item<float>(), mean_sse(restored, batch.x).item<float>());
  EXPECT_EQ(restored.abs().sum().item<float>(), 0);
}

TEST(Autoencoder, MeasuresTheBoundedSquaredErrorOfWhatItShows) {
  AutoencoderConfig config;
  config.loss = ReconstructionLoss::kBoundedSquaredError;
  Autoencoder model(config, {Modality::kImage, {1, 4, 4}, {}});
  Batch batch;
  batch.x = torch::rand({8, 1, 4, 4});
  torch::NoGradGuard no_grad;
  const auto shown = model.reconstruct(batch);
  EXPECT_GT(shown.min().item<float>(), 0);
  EXPECT_LT(shown.max().item<float>(), 1);
  const auto error = mean_sse(shown, batch.x).item<float>();
  for (const auto& [name, value] : model.validation_step(batch))
    EXPECT_FLOAT_EQ(value.item<float>(), error) << name;
}

TEST(Autoencoder, PaysForNoiseOnTheCodeWhatTheDecoderMakesOfIt) {
  torch::manual_seed(1);
  AutoencoderConfig config;
  config.latent_dim = 3;
  config.coder.hidden = {};  // linear, so that the mean over the noise has a closed form
  config.code_noise = 0.5;
  config.optimizer.learning_rate = 1e-12;  // only the loss is looked at
  Autoencoder model(config, {Modality::kVector, {6}, {}});
  Batch batch;
  batch.x = torch::randn({50000, 6});
  const auto noisy = model.training_step(batch)[0].second.item<double>();
  torch::NoGradGuard no_grad;
  const auto clean = model.validation_step(batch)[0].second.item<double>();
  // E |D(z + s d e) - x|^2 = |D z - x|^2 + s^2 sum_j d_j^2 |D_j|^2, d_j the deviation of z_j.
  const auto columns = model.decode(torch::eye(3), {}) - model.decode(torch::zeros({3, 3}), {});
  const auto variances = model.encode(batch).var(0, /*unbiased=*/false);
  const auto price = 0.25 * (variances * columns.square().sum(1)).sum().item<double>();
  EXPECT_GT(price, 0.2);
  // The mean of what noise and error have in common is 0; over 50000 draws it deviates by 0.02.
  EXPECT_NEAR(noisy - clean, price, 0.1 * price);
}

TEST(Autoencoder, LearnsToUndoTheDamageThatItSees) {
  torch::manual_seed(1);
  // Points of a line in eight dimensions: noise across it can be taken off, by projecting.
  const auto axis = torch::nn::functional::normalize(
      torch::randn({1, 8}), torch::nn::functional::NormalizeFuncOptions().dim(1));
  Batch batch;
  batch.x = 2 * torch::randn({512, 1}).mm(axis);
  AutoencoderConfig config;
  config.latent_dim = 8;  // room to copy: without damage the noise would pass through
  config.coder.hidden = {};
  config.optimizer.learning_rate = 0.02;
  config.corruption.kind = Corruption::kGaussian;
  config.corruption.amount = 0.5;
  Autoencoder model(config, {Modality::kVector, {8}, {}});
  for (int i = 0; i < 600; ++i) model.training_step(batch);
  torch::NoGradGuard no_grad;
  Noise noise(1, 0, 512);
  const auto damaged = model.corrupt(batch.x, noise);
  EXPECT_NEAR(mean_sse(damaged, batch.x).item<double>(), 8 * 0.25, 0.1);
  // The best linear answer shrinks along the line by 4 / (4 + 0.25), leaving 4 * 0.25 / 4.25.
  EXPECT_NEAR(mean_sse(model.restore(damaged), batch.x).item<double>(), 0.235, 0.06);
}

TEST(Autoencoder, FillsInWhatIsHiddenByWhatIsKnown) {
  torch::manual_seed(1);
  // The middle row and column follow from the corners: linear, so that nothing need be left over.
  const auto images = [](int64_t n) {
    const auto corners = torch::rand({n, 1, 2, 2});
    namespace F = torch::nn::functional;
    return F::interpolate(corners, F::InterpolateFuncOptions()
                                       .size(std::vector<int64_t>{4, 4})
                                       .mode(torch::kBilinear)
                                       .align_corners(true));
  };
  AutoencoderConfig config;
  config.latent_dim = 8;
  config.coder.hidden = {};
  config.corruption.kind = Corruption::kCentre;
  config.corruption.amount = 0.5;
  config.optimizer.learning_rate = 0.01;
  Autoencoder model(config, {Modality::kImage, {1, 4, 4}, {}});
  Batch batch;
  for (int i = 0; i < 800; ++i) {
    batch.x = images(64);
    model.training_step(batch);
  }
  torch::NoGradGuard no_grad;
  batch.x = images(50);
  const auto truth = batch.x.clone();
  auto mask = torch::ones({1, 1, 4, 4});
  mask.slice(2, 1, 3).slice(3, 1, 3).zero_();
  batch.x = batch.x * mask;  // whatever stands there
  Noise noise(1, 0, 50);
  const auto filled = model.complete(batch, mask.expand({50, 1, 4, 4}), noise);
  EXPECT_LT(((filled - truth) * (1 - mask)).abs().max().item<double>(), 0.1);
  config.corruption.kind = Corruption::kNone;
  Autoencoder other(config, {Modality::kImage, {1, 4, 4}, {}});
  EXPECT_THROW(other.complete(batch, mask, noise), Error);
}

TEST(Autoencoder, JudgesByTheDamagedExampleWhenItLearnsFromIt) {
  AutoencoderConfig config;
  config.corruption.kind = Corruption::kMasking;
  config.corruption.amount = 1;  // nothing is left to see
  Autoencoder model(config, {Modality::kVector, {4}, {}});
  Batch batch;
  batch.x = torch::randn({16, 4});
  torch::NoGradGuard no_grad;
  const auto metrics = model.validation_step(batch);
  ASSERT_EQ(metrics.size(), 3u);
  const auto blind = mean_sse(model.restore(torch::zeros({16, 4})), batch.x).item<float>();
  EXPECT_EQ(metrics[0].first, "loss");
  EXPECT_FLOAT_EQ(metrics[0].second.item<float>(), blind);
  EXPECT_NE(metrics[1].second.item<float>(), blind);
  EXPECT_EQ(metrics[2].first, "restored_sse");
}

TEST(Autoencoder, DamagesNothingUnlessTold) {
  Autoencoder model({}, {Modality::kVector, {4}, {}});
  const auto x = torch::randn({3, 4});
  Noise noise(1, 0, 3);
  EXPECT_TRUE(model.corrupt(x, noise).is_same(x));
}

TEST(Autoencoder, LearnsFromBlendsWhatExamplesLieBetween) {
  // Two points, and between them nothing to learn from but blends.
  Batch batch;
  batch.x = torch::tensor({{0.0F, 1.0F, 0.2F, 0.8F}, {1.0F, 0.0F, 0.9F, 0.1F}});
  batch.x = batch.x.repeat({32, 1});
  const auto error_between = [&](double blending) {
    torch::manual_seed(1);
    AutoencoderConfig config;
    config.latent_dim = 1;
    config.coder.hidden = {32, 32};
    config.coder.activation = Activation::kTanh;
    config.blending = blending;
    config.optimizer.learning_rate = 0.01;
    Autoencoder model(config, {Modality::kVector, {4}, {}});
    for (int i = 0; i < 400; ++i) model.training_step(batch);
    torch::NoGradGuard no_grad;
    EXPECT_LT(mean_sse(model.reconstruct(batch), batch.x).item<double>(), 1e-3);
    const auto between = model.decode(model.encode(batch).narrow(0, 0, 2).mean(0, true), {});
    Batch shown;
    shown.x = between;  // what the decoder shows half way
    return mean_sse(model.reconstruct(shown), between).item<double>();
  };
  EXPECT_LT(error_between(1), 0.2 * error_between(0));
}

TEST(Autoencoder, KeepsBlendsAmongExamples) {
  for (const auto loss : {ReconstructionLoss::kSquaredError, ReconstructionLoss::kCrossEntropy}) {
    AutoencoderConfig config;
    config.loss = loss;
    config.blending = 1;
    Autoencoder model(config, {Modality::kImage, {1, 3, 3}, {}});
    Batch batch;
    batch.x = torch::ones({4, 1, 3, 3});
    // The same example over and over: a blend is the example, and the loss counts it twice.
    const auto once = model.validation_step(batch)[0].second.item<float>();
    EXPECT_NEAR(model.training_step(batch)[0].second.item<float>(), 2 * once, 1e-4 * once);
  }
}

}  // namespace
}  // namespace figment::models
