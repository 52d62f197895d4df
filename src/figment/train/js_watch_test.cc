#include "figment/train/js_watch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "figment/core/testing.h"
#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/train/trainer.h"

namespace figment {
namespace {

struct OneModeConfig {
  double share = 1;
  OptimizerConfig optimizer{};
  static constexpr auto fields() {
    using C = OneModeConfig;
    return std::tuple{Field{"share", &C::share, "Of what is made, in the left mode."},
                      Field{"optimizer", &C::optimizer, "Of the one weight."}};
  }
};

// Makes the two normals of 2gaussians, that at -2 with a share of its own.
struct OneMode : Model, Samples, Discriminates {
  using Config = OneModeConfig;
  OneMode(const Config& given, const ExampleSpec& spec) : Model(spec), config(given) {
    weight = register_parameter("weight", torch::ones({1}));
    optimizer = &register_optimizer("all", parameters(), config.optimizer);
  }
  Metrics training_step(const Batch& batch) override {
    const auto loss = (weight * torch::randn_like(batch.x)).square().mean();
    optimizer->minimize(loss);
    return {{"discriminator_loss", loss.detach()}};
  }
  Metrics validation_step(const Batch&) override {
    return {{"discriminator_loss", weight.square().sum()}};
  }
  torch::Tensor sample(const SampleRequest& request) override {
    const auto left = (request.noise->uniform({1}) < config.share).to(torch::kFloat);
    return 2 - 4 * left + 0.5 * request.noise->normal({1});
  }
  AdversarialLoss game() const override { return AdversarialLoss::kNonSaturating; }
  torch::Tensor scores(const Batch& batch) override { return torch::zeros({batch.size()}); }
  Config config;
  torch::Tensor weight;
  Optimizer* optimizer = nullptr;
};

constexpr Family kOneMode = family<OneMode>("one_mode", "Of a given share", "https://example.org");

const ExampleSpec kOnLine{Modality::kVector, {1}, {}, {}};

OneModeConfig of_share(double share) {
  OneModeConfig config;
  config.share = share;
  return config;
}

DataConfig data_of(const char* source) {
  DataConfig data;
  data.source = source;
  return data;
}

// With one of two modes that do not overlap, the middle of both is 3/4 there and 1/4 elsewhere: the
// divergence is 3/4 log(4/3).
TEST(JsDivergence, IsThatOfWhatIsMade) {
  const auto data = data_of("2gaussians");
  OneMode one(of_share(1), kOnLine), both(of_share(0.5), kOnLine);
  EXPECT_NEAR(*js_divergence_of(one, data, Scaling()), 0.75 * std::log(4.0 / 3), 0.01);
  const double chance = js_divergence_of_truth("2gaussians");
  EXPECT_GT(chance, 0);
  EXPECT_LT(chance, 0.005);
  EXPECT_NEAR(*js_divergence_of(both, data, Scaling()), chance, 0.002);
}

TEST(JsDivergence, IsTheSameEachTimeAndMovesNothing) {
  const auto data = data_of("2gaussians");
  OneMode model(of_share(0.7), kOnLine);
  model.train();
  const auto next = [] {
    torch::manual_seed(3);
    return torch::rand({4});
  };
  const auto wanted = next();
  torch::manual_seed(3);
  const auto first = js_divergence_of(model, data, Scaling());
  EXPECT_TRUE(torch::equal(torch::rand({4}), wanted));
  EXPECT_EQ(first, js_divergence_of(model, data, Scaling()));
  EXPECT_TRUE(model.is_training());
}

TEST(JsDivergence, IsOfWholeSetsWithADensity) {
  OneMode line(of_share(1), kOnLine);
  OneMode plane(of_share(1), {Modality::kVector, {2}, {}, {}});
  EXPECT_FALSE(js_divergence_of(plane, data_of("moons"), Scaling()));
  EXPECT_FALSE(js_divergence_of(plane, data_of("2gaussians"), Scaling()));
  EXPECT_FALSE(js_divergence_of(line, data_of("points.csv"), Scaling()));
  auto some = data_of("2gaussians");
  EXPECT_TRUE(has_known_density(some, kOnLine));
  some.normal = {"gaussian 0"};
  EXPECT_FALSE(has_known_density(some, kOnLine));
  some = data_of("2gaussians");
  some.log1p = {"*"};
  EXPECT_FALSE(has_known_density(some, kOnLine));
  EXPECT_TRUE(has_known_density(data_of("8gaussians"), plane.example()));
}

// Of a whole run: at each of its validations.
TEST(JsDivergence, IsLoggedAtEachValidation) {
  const testing::ScratchFolder scratch(testing::in_memory());
  Recipe recipe;
  recipe.family = "one_mode";
  recipe.device = "cpu";
  recipe.threads = 1;
  recipe.data.source = "2gaussians";
  recipe.data.size = 100;
  recipe.data.scaling = ScalingKind::kNone;
  recipe.train.epochs = 3;
  recipe.train.picture_every = 0;
  TrainOptions options;
  options.folder = scratch / "run";
  options.quiet = true;
  train(kOneMode, recipe, options);
  std::ifstream file(options.folder / "metrics.jsonl");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string name = "\"validation/js_divergence\":0.2";
  int64_t found = 0;
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) ++found;
  EXPECT_EQ(found, 3) << text;
}

}  // namespace
}  // namespace figment
