#include "figment/models/conv_autoencoder/conv_autoencoder.h"

#include <gtest/gtest.h>

namespace figment::models {
namespace {

ExampleSpec images(int64_t channels, int64_t height, int64_t width) {
  return {Modality::kImage, {channels, height, width}, {}};
}

ConvAutoencoderConfig config_of(Downsampling down, MapUpsampling up) {
  ConvAutoencoderConfig config;
  config.code_channels = 3;
  config.coder.channels = {4, 6};
  config.coder.down = down;
  config.coder.up = up;
  return config;
}

std::vector<ConvAutoencoderConfig> all_ways() {
  return {config_of(Downsampling::kStride, MapUpsampling::kTransposed),
          config_of(Downsampling::kStride, MapUpsampling::kNearest),
          config_of(Downsampling::kMaxPool, MapUpsampling::kTransposed),
          config_of(Downsampling::kMaxPool, MapUpsampling::kNearest),
          config_of(Downsampling::kMaxPool, MapUpsampling::kUnpool)};
}

Batch batch_of(const torch::Tensor& x) {
  Batch batch;
  batch.x = x;
  return batch;
}

std::vector<std::string> problems_of(const ConvAutoencoderConfig& config,
                                     const ExampleSpec& example) {
  Problems problems;
  config.coder.check({problems, "model.coder", nullptr});
  config.check_example(example, {problems, "model", nullptr});
  return problems.lines();
}

TEST(ConvAutoencoder, MapsImagesOfAnySize) {
  torch::manual_seed(1);
  for (const auto& config : all_ways())
    for (const auto& shape :
         {std::vector<int64_t>{1, 28, 28}, {3, 11, 14}, {1, 4, 5}, {2, 7, 31}}) {
      const auto example = images(shape[0], shape[1], shape[2]);
      ASSERT_TRUE(problems_of(config, example).empty());
      ConvAutoencoder model(config, example);
      const auto batch = batch_of(torch::rand({2, shape[0], shape[1], shape[2]}));
      const auto code = model.encode(batch);
      const bool unpool = config.coder.up == MapUpsampling::kUnpool;
      const auto half = (shape[1] / 2) * (shape[2] / 2);
      const auto quarter = (shape[1] / 4) * (shape[2] / 4);
      EXPECT_EQ(model.code_dim(), 3 * quarter + (unpool ? 4 * half + 6 * quarter : 0));
      EXPECT_EQ(code.sizes().vec(), (std::vector<int64_t>{2, model.code_dim()}));
      // What the decoder needs is all in the code.
      const auto y = model.reconstruct(batch);
      EXPECT_EQ(y.sizes(), batch.x.sizes());
      EXPECT_TRUE(torch::equal(model.decode(code, {}), y));
    }
}

TEST(ConvAutoencoder, HasACodeThatSaysWhatIsWhere) {
  torch::manual_seed(1);
  for (const auto& config : all_ways()) {
    ConvAutoencoder model(config, images(1, 28, 28));
    auto x = torch::rand({1, 1, 28, 28});
    const auto before = model.encode(batch_of(x)).narrow(1, 0, 147).view({3, 7, 7});
    x[0][0][1][1] += 1;
    const auto after = model.encode(batch_of(x)).narrow(1, 0, 147).view({3, 7, 7});
    const auto changed = (before != after).any(0);
    EXPECT_GT(changed.sum().item<int64_t>(), 0);
    // Of a pixel in the upper left corner only that corner of the map knows.
    EXPECT_EQ(changed.narrow(0, 3, 4).sum().item<int64_t>(), 0);
    EXPECT_EQ(changed.narrow(1, 3, 4).sum().item<int64_t>(), 0);
  }
}

TEST(ConvAutoencoder, Learns) {
  for (auto config : all_ways()) {
    torch::manual_seed(1);
    config.optimizer.learning_rate = 5e-3;
    config.corruption.kind = Corruption::kMasking;
    config.corruption.amount = 0.1;
    ConvAutoencoder model(config, images(1, 8, 8));
    const auto batch = batch_of((torch::rand({32, 1, 2, 2}) > 0.5)
                                    .to(torch::kFloat)
                                    .repeat_interleave(4, 2)
                                    .repeat_interleave(4, 3));
    const auto before = model.validation_step(batch)[0].second.item<double>();
    for (int i = 0; i < 150; ++i) model.training_step(batch);
    EXPECT_LT(model.validation_step(batch)[0].second.item<double>(), before / 5);
  }
}

TEST(ConvAutoencoder, TakesAnySwitchesForACode) {
  torch::manual_seed(1);
  const auto config = config_of(Downsampling::kMaxPool, MapUpsampling::kUnpool);
  ConvAutoencoder model(config, images(1, 9, 8));
  const auto code = 10 * torch::randn({3, model.code_dim()});
  EXPECT_EQ(model.decode(code, {}).sizes().vec(), (std::vector<int64_t>{3, 1, 9, 8}));
}

TEST(ConvAutoencoder, RefusesWhatItCannotBuild) {
  const auto expect = [](const ConvAutoencoderConfig& config, const ExampleSpec& example,
                         const std::string& words) {
    const auto lines = problems_of(config, example);
    ASSERT_EQ(lines.size(), 1u) << words;
    EXPECT_NE(lines[0].find(words), std::string::npos) << lines[0];
  };
  const auto good = config_of(Downsampling::kMaxPool, MapUpsampling::kUnpool);
  expect(good, {Modality::kVector, {4}, {}}, "model.coder: expected images, got");
  expect(good, images(1, 3, 40), "model.coder.channels: expected at most 1 levels");
  expect(config_of(Downsampling::kStride, MapUpsampling::kUnpool), images(1, 8, 8),
         "model.coder.up: expected down = \"max_pool\"");
  auto counts = good;
  counts.loss = ReconstructionLoss::kPoisson;
  expect(counts, images(1, 8, 8), "model.loss: expected squared_error");
  auto empty = good;
  empty.coder.channels = {};
  expect(empty, images(1, 8, 8), "model.coder.channels: expected at least one entry");
}

}  // namespace
}  // namespace figment::models
