#include "figment/train/speed.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"

namespace figment {
namespace {

struct LineConfig {
  int64_t width = 16;
  bool ends = true;
  OptimizerConfig optimizer{};
  static constexpr auto fields() {
    using C = LineConfig;
    return std::tuple{Field{"width", &C::width, "Of the layer between.", AtLeast{1}},
                      Field{"ends", &C::ends, "Whether the first stage can be concluded."},
                      Field{"optimizer", &C::optimizer, "Of both stages."}};
  }
};

// There and back through two layers; two stages alike.
struct Line : Model {
  using Config = LineConfig;
  Line(const Config& given, const ExampleSpec& spec)
      : Model(spec),
        config(given),
        there(register_module("there", torch::nn::Linear(spec.elements(), given.width))),
        back(register_module("back", torch::nn::Linear(given.width, spec.elements()))),
        optimizer(register_optimizer("all", parameters(), given.optimizer)) {}
  std::vector<Stage> stages(int64_t epochs) const override {
    return {{"first", epochs}, {"second", 2 * epochs}};
  }
  void end_stage(const Stage&) override {
    if (!config.ends) fail(Cause::kData, "line", "expected more examples");
  }
  torch::Tensor loss_of(const Batch& batch) {
    const auto x = batch.x.flatten(1);
    return (back(torch::relu(there(x))) - x).square().mean();
  }
  Metrics training_step(const Batch& batch) override {
    const auto loss = loss_of(batch);
    optimizer.minimize(loss);
    return {{"loss", loss.detach()}};
  }
  Metrics validation_step(const Batch& batch) override { return {{"loss", loss_of(batch)}}; }

  Config config;
  torch::nn::Linear there, back;
  Optimizer& optimizer;
};

constexpr Family kLine = family<Line>("line", "Line", "a test");

Recipe recipe_of() {
  Recipe recipe;
  recipe.family = "line";
  recipe.threads = 1;
  recipe.device = "cpu";
  recipe.data.size = 200;
  recipe.train.batch_size = 50;
  recipe.train.epochs = 3;
  return recipe;
}

TEST(Speed, TimesTheStepsOfEachStage) {
  const auto speed = measure_speed(kLine, recipe_of(), {6, 30});
  ASSERT_EQ(speed.stages.size(), 2U);
  double finish = 0;
  for (const auto& stage : speed.stages) {
    EXPECT_EQ(stage.timed, 6);
    EXPECT_GT(stage.lower, 0);
    EXPECT_LE(stage.lower, stage.median);
    EXPECT_LE(stage.median, stage.upper);
    EXPECT_GT(stage.data, 0);
    EXPECT_GT(stage.forward, 0);
    EXPECT_GT(stage.backward, 0);
    EXPECT_GT(stage.update, 0);
    finish += stage.median * static_cast<double>(stage.steps) +
              stage.validation * static_cast<double>(stage.validations);
  }
  EXPECT_EQ(speed.stages[0].steps, 4 * 3);  // 180 of the 200 are left to train on
  EXPECT_EQ(speed.stages[0].validations, 3);
  EXPECT_EQ(speed.stages[1].steps, 4 * 6);
  EXPECT_NEAR(speed.finish, finish, 1e-9);
  EXPECT_GT(speed.first_step, 0);
  EXPECT_GT(speed.peak_bytes, 1 << 20);
  EXPECT_GT(speed.product_rate, 0);
  EXPECT_TRUE(speed.unmeasured.empty());
}

TEST(Speed, CountsParametersAndOperations) {
  auto recipe = recipe_of();
  set_path(recipe.model, "width", Value(std::int64_t{8}));
  const auto speed = measure_speed(kLine, recipe, {3, 30});
  ASSERT_EQ(speed.modules.size(), 2U);
  EXPECT_EQ(speed.modules[0].name, "there");
  EXPECT_EQ(speed.modules[0].parameters, 784 * 8 + 8);
  EXPECT_EQ(speed.parameters(), 784 * 8 + 8 + 8 * 784 + 784);
  // Each weight meets each example forward, for its own gradient and, but for the first layer, for
  // that of its input.
  EXPECT_EQ(speed.stages.at(0).operations, 2.0 * 50 * (3 * 2 - 1) * 784 * 8);
}

TEST(Speed, SaysWhatCouldNotBeTimed) {
  auto recipe = recipe_of();
  set_path(recipe.model, "ends", Value(false));
  const auto speed = measure_speed(kLine, recipe, {3, 30});
  EXPECT_EQ(speed.stages.size(), 1U);
  EXPECT_NE(speed.unmeasured.find("expected more examples"), std::string::npos);
}

TEST(Speed, GoesByStepsWhereTheRecipeDoes) {
  auto recipe = recipe_of();
  recipe.train.steps = 7;
  const auto speed = measure_speed(kLine, recipe, {3, 30});
  EXPECT_EQ(speed.stages.at(0).steps, 7);
  EXPECT_EQ(speed.stages.at(0).validations, 2);
}

TEST(Speed, RefusesWhatTrainRefuses) {
  auto recipe = recipe_of();
  set_path(recipe.model, "width", Value(std::int64_t{0}));
  EXPECT_THROW(measure_speed(kLine, recipe, {3, 30}), Error);
}

}  // namespace
}  // namespace figment
