// Codes that find a meaning without labels.
#include "figment/models/gan/latent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "figment/models/gan/gan.h"

namespace figment::models {
namespace {

torch::Tensor three_centres() {
  return torch::tensor({{2.0F, 0.0F}, {-1.0F, 1.5F}, {-1.0F, -1.5F}});
}

// Three clouds in the plane, stretched along (1, 1); which is which is not told.
Batch clouds(int64_t n) {
  Batch batch;
  batch.x = three_centres().index_select(0, torch::randint(3, {n}, torch::kLong)) +
            0.3 * torch::randn({n, 2}) + 0.6 * torch::randn({n, 1});
  return batch;
}

// InfoGAN: three clouds and a code of three values, no labels. Each value comes to stand for a
// cloud of its own, and the continuous code for a place along the clouds, where they are stretched.
TEST(GanLatentSpace, CodesFindTheirMeaningWithoutLabels) {
  GanConfig config;
  config.latent_dim = 4;
  config.codes.categorical = 3;
  config.codes.continuous = 1;
  config.codes.continuous_weight = 1;
  config.generator.hidden = {48};
  config.discriminator.hidden = {48};
  config.r1 = 0.1;
  for (auto* optimizer : {&config.optimizer, &config.discriminator_optimizer}) {
    optimizer->learning_rate = 2e-3;
    optimizer->schedule = Schedule::kLinear;
  }
  torch::manual_seed(1);
  Gan model(config, {Modality::kVector, {2}, {}});
  for (int64_t step = 0; step < 1500; ++step) {
    model.set_clock({step, 1500, 0});
    const auto metrics = model.training_step(clouds(128));
    EXPECT_TRUE(std::any_of(metrics.begin(), metrics.end(),
                            [](const auto& metric) { return metric.first == "code_loss"; }));
  }
  model.eval();
  const torch::NoGradGuard no_grad;
  Noise noise(1, 0, 900);
  const auto z = model.draw_prior(noise).z;
  ASSERT_EQ(z.sizes(), at::IntArrayRef({900, 8}));
  const auto x = model.decode(z, {});
  const auto centres = three_centres();
  const auto nearest = torch::cdist(x, centres).argmin(1);
  const auto value = z.narrow(1, 4, 3).argmax(1);
  std::set<int64_t> taken;
  for (int64_t k = 0; k < 3; ++k) {
    const auto of_value = nearest.masked_select(value == k);
    const auto counts = torch::bincount(of_value, {}, 3);
    EXPECT_GT(counts.max().item<int64_t>(), 0.85 * static_cast<double>(of_value.numel())) << k;
    taken.insert(counts.argmax().item<int64_t>());
  }
  EXPECT_EQ(taken.size(), 3U);
  // Along (1, 1), by how far each is from its own cloud's centre.
  const auto along = (x - centres.index_select(0, nearest)).sum(1);
  const auto code = z.select(1, 7);
  const auto both = torch::stack({along, code});
  EXPECT_GT(std::abs(torch::corrcoef(both)[0][1].item<double>()), 0.6);
}

// The loss of a reading, written out: cross-entropy and half a squared error, each by its weight.
TEST(GanLatentSpace, JudgesAReadingOfItsCodes) {
  GanCodesConfig codes;
  codes.categorical = 3;
  codes.continuous = 2;
  codes.categorical_weight = 2;
  codes.continuous_weight = 5;
  const GanLatentSpace space(1, GanLatent::kNormal, codes);
  EXPECT_EQ(space.dim(), 6);
  const auto z = torch::tensor({{9.0, 0.0, 1.0, 0.0, 0.5, -0.25}}, torch::kDouble);
  const auto read = torch::tensor({{0.1, 0.7, -0.2, 0.0, 0.25}}, torch::kDouble);
  const auto normalizer = std::log(std::exp(0.1) + std::exp(0.7) + std::exp(-0.2));
  EXPECT_NEAR(space.loss_of_reading(z, read).item<double>(),
              2 * (normalizer - 0.7) + 5 * 0.5 * (0.5 * 0.5 + 0.5 * 0.5), 1e-12);
}

TEST(GanLatentSpace, DrawsEachPartByItsDistribution) {
  GanCodesConfig codes;
  codes.categorical = 4;
  codes.continuous = 2;
  const GanLatentSpace space(3, GanLatent::kNormal, codes);
  torch::manual_seed(3);
  Noise noise(1, 0, 4000);
  for (const auto& z : {space.draw(4000, torch::kFloat32), space.draw(noise, 1).squeeze(1)}) {
    ASSERT_EQ(z.sizes(), at::IntArrayRef({4000, 9}));
    EXPECT_NEAR(z.narrow(1, 0, 3).var().item<double>(), 1, 0.05);
    const auto one_hot = z.narrow(1, 3, 4);
    EXPECT_TRUE(torch::equal(one_hot.sum(1), torch::ones({4000})));
    EXPECT_TRUE(torch::equal(one_hot, one_hot.square()));
    EXPECT_TRUE(torch::allclose(one_hot.mean(0), torch::full({4}, 0.25), 0, 0.03));
    const auto continuous = z.narrow(1, 7, 2);
    EXPECT_GE(continuous.min().item<double>(), -1);
    EXPECT_LT(continuous.max().item<double>(), 1);
    EXPECT_NEAR(continuous.var().item<double>(), 1.0 / 3, 0.02);
  }
  // Cooler samples have the same codes, and less noise.
  Noise warm(1, 0, 5), cool(1, 0, 5);
  const auto one = space.draw(warm, 2), half = space.draw(cool, 2, 0.5);
  EXPECT_TRUE(torch::equal(half.narrow(2, 0, 3), 0.5 * one.narrow(2, 0, 3)));
  EXPECT_TRUE(torch::equal(half.narrow(2, 3, 6), one.narrow(2, 3, 6)));
}

TEST(GanLatentSpace, RefusesACodeOfOneValue) {
  Problems problems;
  GanCodesConfig codes;
  codes.categorical = 1;
  codes.check({problems, "model.codes", nullptr});
  ASSERT_EQ(problems.lines().size(), 1U);
  EXPECT_EQ(problems.lines()[0],
            "model.codes.categorical: expected 0 or at least 2: a code of one value tells nothing");
}

}  // namespace
}  // namespace figment::models
