#include "figment/models/hashing/hashing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"

namespace figment::models {
namespace {

Batch batch_of(const torch::Tensor& x) {
  Batch batch;
  batch.x = x;
  return batch;
}

HashingConfig small_config(HashingLoss loss) {
  HashingConfig config;
  config.bits = 8;
  config.loss = loss;
  config.coder.hidden = {32};
  config.optimizer.learning_rate = 0.01;
  return config;
}

const ExampleSpec kWords{Modality::kVector, {12}, {}};

// Documents of three topics, each of four words of its own: [n, 12].
torch::Tensor documents(int64_t n) {
  const auto topic = torch::arange(n).remainder(3);
  const auto own = torch::arange(12).div(4, "floor").unsqueeze(0) == topic.unsqueeze(1);
  return torch::poisson(torch::where(own, torch::full({}, 5.0), torch::full({}, 0.1)));
}

// Share of activations below 0.1 or above 0.9 after training with this much noise.
double decided(double noise) {
  torch::manual_seed(1);
  auto config = small_config(HashingLoss::kSquaredError);
  config.noise = noise;
  Hashing model(config, {Modality::kVector, {6}, {}});
  const auto batch = batch_of(torch::randn({128, 2}).mm(torch::randn({2, 6})));
  for (int i = 0; i < 300; ++i) model.training_step(batch);
  model.eval();
  const auto code = model.encode(batch);
  return ((code < 0.1) | (code > 0.9)).to(torch::kFloat).mean().item<double>();
}

TEST(Hashing, NoiseDrivesCodesToZeroAndOne) {
  const auto without = decided(0), with = decided(4);
  EXPECT_LT(without, 0.6);
  EXPECT_GT(with, 0.85);
}

TEST(Hashing, NoiseRisesOverItsWarmUp) {
  auto config = small_config(HashingLoss::kPoisson);
  config.noise = 4;
  config.noise_warmup_steps = 10;
  Hashing model(config, kWords);
  model.set_clock({0, 100, 0});
  EXPECT_EQ(model.noise_now(), 0);
  model.set_clock({5, 100, 0});
  EXPECT_EQ(model.noise_now(), 2);
  model.set_clock({50, 100, 0});
  EXPECT_EQ(model.noise_now(), 4);
}

TEST(Hashing, BitsOfDocumentsAreThoseOfTheirTopics) {
  for (const auto loss : {HashingLoss::kMultinomial, HashingLoss::kPoisson}) {
    torch::manual_seed(2);
    auto config = small_config(loss);
    config.input = HashingInput::kLog1p;
    config.noise = 2;
    Hashing model(config, kWords);
    const auto batch = batch_of(documents(300));
    for (int i = 0; i < 200; ++i) model.training_step(batch);
    model.eval();
    torch::NoGradGuard no_grad;
    const auto bits = model.hash(batch);
    EXPECT_EQ(bits.scalar_type(), torch::kByte);
    EXPECT_TRUE(torch::equal(bits, (model.encode(batch) > 0.5).to(torch::kByte)));
    // Distances within a topic against those between topics.
    const auto x = bits.to(torch::kFloat);
    const auto distance = torch::cdist(x, x, 1);
    const auto topic = torch::arange(300).remainder(3);
    const auto same = topic.unsqueeze(0) == topic.unsqueeze(1);
    EXPECT_LT(distance.masked_select(same).mean().item<double>(),
              0.6 * distance.masked_select(same.logical_not()).mean().item<double>());
    // A reconstruction has the words of its topic.
    const auto counts = model.reconstruct(batch);
    const auto own = torch::arange(12).div(4, "floor").unsqueeze(0) == topic.unsqueeze(1);
    EXPECT_GT((counts * own).sum().item<double>(), 0.9 * counts.sum().item<double>());
    if (loss == HashingLoss::kMultinomial) {
      EXPECT_TRUE(torch::allclose(counts.sum(1), batch.x.sum(1), 1e-4, 1e-4));
    }
  }
}

TEST(Hashing, WeighsWordsByWhatTheFirstEpochCounted) {
  auto config = small_config(HashingLoss::kMultinomial);
  config.input = HashingInput::kTfidf;
  config.target = HashingTarget::kTfidf;
  Hashing model(config, {Modality::kVector, {3}, {}});
  const auto x = torch::tensor({{1.0F, 2.0F, 0.0F}, {3.0F, 0.0F, 0.0F}});
  // Before anything is counted all words weigh alike.
  EXPECT_TRUE(torch::allclose(model.tfidf(x), x.log1p()));
  model.set_clock({0, 4, 0});
  model.training_step(batch_of(x.narrow(0, 0, 1)));
  model.set_clock({1, 4, 0});
  model.training_step(batch_of(x.narrow(0, 1, 1)));
  // Two documents; log (2 + 1) / (df + 1) for df 2, 1, 0.
  const auto wanted = x.log1p() * torch::tensor({0.0, std::log(1.5), std::log(3.0)});
  EXPECT_TRUE(torch::allclose(model.tfidf(x), wanted.to(torch::kFloat), 1e-5, 1e-6));
  model.set_clock({2, 4, 1});
  model.training_step(batch_of(x));
  EXPECT_TRUE(torch::allclose(model.tfidf(x), wanted.to(torch::kFloat), 1e-5, 1e-6));
  // No count of a reconstruction is above the number of words, nor below 0.
  model.eval();
  torch::NoGradGuard no_grad;
  const auto counts = model.reconstruct(batch_of(x));
  EXPECT_TRUE((counts <= x.sum(1, true) + 1e-4).all().item<bool>());
  EXPECT_TRUE((counts >= 0).all().item<bool>());
}

TEST(Hashing, ALinearDecoderAddsUpWhatTheBitsSay) {
  auto config = small_config(HashingLoss::kSquaredError);
  config.linear_decoder = true;
  Hashing model(config, {Modality::kVector, {6}, {}});
  model.eval();
  torch::NoGradGuard no_grad;
  const auto a = torch::rand({4, 8}), b = torch::rand({4, 8}), zero = torch::zeros({4, 8});
  const auto of = [&](const torch::Tensor& code) { return model.decode(code, {}); };
  EXPECT_TRUE(torch::allclose(of(a + b) - of(b), of(a) - of(zero), 1e-4, 1e-5));
  config.linear_decoder = false;
  Hashing mirrored(config, {Modality::kVector, {6}, {}});
  EXPECT_EQ(mirrored.parameters().size(), 8u);
  EXPECT_EQ(model.parameters().size(), 6u);
}

TEST(Hashing, RefusesWhatIsNoCount) {
  auto config = small_config(HashingLoss::kMultinomial);
  Hashing model(config, kWords);
  try {
    model.training_step(batch_of(torch::randn({4, 12})));
    FAIL() << "negative counts went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("data.scaling"), std::string::npos);
  }
}

std::string problem_of(const HashingConfig& config, const ExampleSpec& example) {
  Problems problems;
  const Problems::Scope scope{problems, "model", nullptr};
  config.check(scope);
  config.check_example(example, scope);
  return problems.empty() ? "" : problems.lines()[0];
}

TEST(Hashing, RefusesALossThatTheExamplesCannotHave) {
  const ExampleSpec image{Modality::kImage, {1, 4, 4}, {}};
  HashingConfig config;
  EXPECT_EQ(problem_of(config, image), "");
  EXPECT_NE(problem_of(config, kWords).find("model.loss: expected squared_error"),
            std::string::npos);
  config.loss = HashingLoss::kPoisson;
  EXPECT_EQ(problem_of(config, kWords), "");
  EXPECT_NE(problem_of(config, image).find("model.loss: expected cross_entropy"),
            std::string::npos);
  config.target = HashingTarget::kTfidf;
  EXPECT_NE(problem_of(config, kWords).find("model.target"), std::string::npos);
  config = {};
  config.loss = HashingLoss::kSquaredError;
  config.input = HashingInput::kLog1p;
  EXPECT_NE(problem_of(config, kWords).find("model.input"), std::string::npos);
}

}  // namespace
}  // namespace figment::models
