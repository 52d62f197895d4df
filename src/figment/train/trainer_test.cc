#include "figment/train/trainer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "figment/core/json_lines.h"
#include "figment/core/testing.h"
#include "figment/train/checkpoint.h"

namespace figment {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

struct PairConfig {
  int64_t width = 3;
  bool rising = false;
  bool classifies = false;
  OptimizerConfig optimizer{};
  static constexpr auto fields() {
    using C = PairConfig;
    return std::tuple{Field{"width", &C::width, "Sizes.", AtLeast{1}},
                      Field{"rising", &C::rising, "The validation loss of 'first' rises."},
                      Field{"classifies", &C::classifies, "Judged by its classification error."},
                      Field{"optimizer", &C::optimizer, "Of both stages."}};
  }
};

// Two stages, each with an optimizer of its own for a parameter of its own; the losses of the first
// are far below those of the second.
struct Pair : Model {
  using Config = PairConfig;
  Pair(const Config& given, const ExampleSpec& spec) : Model(spec), config(given) {
    first = register_parameter("first", torch::rand({config.width}) + 1);
    second = register_parameter("second", torch::rand({config.width + 1}) + 1);
  }
  std::vector<Stage> stages(int64_t epochs) const override {
    return {{"first", epochs}, {"second", epochs}};
  }
  void begin_stage(const Stage& stage) override {
    in_second = stage.name == "second";
    optimizer = &register_optimizer("all", {in_second ? second : first}, config.optimizer);
  }
  void end_stage(const Stage&) override {
    if (!in_second) optimizer->swap_average();
  }
  Metrics training_step(const Batch& batch) override {
    const auto loss = ((in_second ? second : first).sum() * batch.x).square().mean();
    optimizer->minimize(loss);
    ++steps;
    return {{"loss", loss.detach()}, {"lowered", lowered()}};
  }
  Metrics validation_step(const Batch&) override {
    const auto loss = in_second       ? second.square().sum() + 100
                      : config.rising ? torch::tensor(static_cast<double>(steps))
                                      : first.square().sum();
    if (config.classifies && in_second) return {{"classification_error", loss}, {"loss", -loss}};
    return {{"loss", loss}, {"lowered", lowered()}};
  }
  static torch::Tensor lowered() {
    return torch::tensor(lowers_precision(torch::kCPU) ? 1.0 : 0.0);
  }
  Config config;
  torch::Tensor first, second;
  Optimizer* optimizer = nullptr;
  bool in_second = false;
  int64_t steps = 0;
};

constexpr Family kPair = family<Pair>("pair", "Two stages", "https://example.org");
constexpr Family kOther = family<Pair>("other", "The same by another name", "https://example.org");

Recipe recipe_of_pair() {
  Recipe recipe;
  recipe.family = "pair";
  recipe.device = "cpu";
  recipe.threads = 1;
  recipe.data.source = "moons";
  recipe.data.size = 50;
  recipe.train.epochs = 3;
  recipe.train.batch_size = 10;
  recipe.train.log_every = 1;
  recipe.train.picture_every = 0;
  recipe.train.keep = 100;
  set_override(recipe.model, "optimizer.average=0.5");
  return recipe;
}

struct Watcher : Observer {
  Watcher(std::function<void(int64_t)> tell) : told(std::move(tell)) {}
  void on_epoch(Model&, int64_t) override {}
  void on_metrics(int64_t step, const std::vector<std::pair<std::string, double>>&) override {
    told(step);
  }
  std::function<void(int64_t)> told;
};

Outcome run(const fs::path& folder, const Recipe& recipe, bool resume = false,
            std::atomic<int>* stop = nullptr, const std::function<void(int64_t)>& told = {},
            const Family& family = kPair) {
  TrainOptions options;
  options.folder = folder;
  options.quiet = true;
  options.resume = resume;
  options.stop = stop;
  if (told)
    options.observer = [&](Model&, const Splits&, const Scaling&, const RunFolder&) {
      return std::make_unique<Watcher>(told);
    };
  return train(family, recipe, options);
}

CheckpointFiles last_of(const fs::path& folder) {
  return read_checkpoint(*pointed(folder / "checkpoints", "last"));
}

// Steps of one stage: what 3 epochs of the training part come to.
int64_t steps_of_a_stage(const Outcome& outcome) { return outcome.state.step / 2; }

TEST(Trainer, ChoosesTheBestOfTheLastStage) {
  const ScratchFolder scratch(testing::in_memory());
  const auto folder = scratch / "a";
  std::vector<bool> has_best;
  const auto out = run(folder, recipe_of_pair(), false, nullptr, [&](int64_t) {
    has_best.push_back(pointed(folder / "checkpoints", "best").has_value());
  });
  const auto middle = steps_of_a_stage(out);
  EXPECT_TRUE(out.state.finished);
  EXPECT_GT(out.state.best_step, middle);
  EXPECT_GE(out.state.best, 100);
  EXPECT_EQ(*pointed(folder / "checkpoints", "best"),
            step_folder(folder / "checkpoints", out.state.best_step));
  // Between the first validation of a stage and its end there is a best, and no other's.
  const auto lines = read_json_lines(folder / "metrics.jsonl");
  ASSERT_EQ(lines.size(), has_best.size());
  bool judged = false, was_second = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool second = lines[i]["stage"] == 1;
    if (second && !was_second) judged = false;
    was_second = second;
    EXPECT_EQ(has_best[i], judged) << "line " << i;
    judged = judged || lines[i].contains("validation/loss");
  }
}

TEST(Trainer, ResumesToTheSameBitsFromAnyStepOfAnyStage) {
  const ScratchFolder scratch(testing::in_memory());
  const auto whole = run(scratch / "whole", recipe_of_pair());
  for (int64_t at = 1; at < whole.state.step; ++at) {
    const auto folder = scratch / ("stopped" + std::to_string(at));
    std::atomic<int> stop{0};
    const auto broken = run(folder, recipe_of_pair(), false, &stop, [&](int64_t step) {
      if (step >= at) stop = 2;
    });
    ASSERT_TRUE(broken.interrupted);
    ASSERT_EQ(broken.state.step, at);
    const auto resumed = run(folder, recipe_of_pair(), true);
    EXPECT_EQ(resumed.state.best_step, whole.state.best_step);
    EXPECT_EQ(last_of(folder).files, last_of(scratch / "whole").files) << "stopped at " << at;
  }
}

// A kill after the checkpoint at the border of two stages was written.
TEST(Trainer, GoesOnFromTheBorderOfTwoStages) {
  const ScratchFolder scratch(testing::in_memory());
  const auto whole = run(scratch / "whole", recipe_of_pair());
  const auto border = steps_of_a_stage(whole);
  fs::copy(scratch / "whole", scratch / "killed", fs::copy_options::recursive);
  const auto checkpoints = scratch / "killed" / "checkpoints";
  for (auto step = border + 1; step <= whole.state.step; ++step)
    fs::remove_all(step_folder(checkpoints, step));
  fs::remove(checkpoints / "best");
  point(checkpoints, "last", border);
  EXPECT_EQ(unpack_header(last_of(scratch / "killed"), "").state.stage, 1);
  run(scratch / "killed", recipe_of_pair(), true);
  EXPECT_EQ(last_of(scratch / "killed").files, last_of(scratch / "whole").files);
}

TEST(Trainer, LowersThePrecisionOfItsStepsAndOfNothingElse) {
  for (const auto precision : {Precision::kFloat32, Precision::kBfloat16}) {
    const ScratchFolder scratch(testing::in_memory());
    auto recipe = recipe_of_pair();
    recipe.train.precision = precision;
    run(scratch / "a", recipe);
    EXPECT_FALSE(lowers_precision(torch::kCPU));
    int steps = 0, validations = 0;
    for (const auto& line : read_json_lines(scratch / "a" / "metrics.jsonl")) {
      if (line.contains("train/lowered")) {
        ++steps;
        EXPECT_EQ(line["train/lowered"], precision == Precision::kBfloat16 ? 1 : 0);
      }
      if (line.contains("validation/lowered")) {
        ++validations;
        EXPECT_EQ(line["validation/lowered"], 0);
      }
    }
    EXPECT_GT(steps, 0);
    EXPECT_GT(validations, 0);
  }
}

TEST(Trainer, EndsTheStageAndNotTheTrainingWhenPatienceIsOver) {
  const ScratchFolder scratch(testing::in_memory());
  auto recipe = recipe_of_pair();
  set_override(recipe.model, "rising=true");
  recipe.train.epochs = 6;
  recipe.train.patience = 2;
  const auto out = run(scratch / "a", recipe);
  EXPECT_TRUE(out.state.finished);
  const auto epochs_of = [&](int64_t stage) {
    int64_t n = 0;
    for (const auto& line : read_json_lines(scratch / "a" / "metrics.jsonl"))
      n += line["stage"] == stage && line.contains("validation/loss") ? 1 : 0;
    return n;
  };
  EXPECT_EQ(epochs_of(0), 3);  // the best and two that are worse
  EXPECT_EQ(epochs_of(1), 6);
}

TEST(Trainer, MayGoByTheClassificationError) {
  const ScratchFolder scratch(testing::in_memory());
  auto recipe = recipe_of_pair();
  const auto by_loss = run(scratch / "a", recipe);
  set_override(recipe.model, "classifies=true");
  const auto by_error = run(scratch / "b", recipe);
  EXPECT_EQ(by_error.state.best, by_loss.state.best);
  EXPECT_GT(by_error.state.best, 0);  // what is called loss there is below
}

torch::Tensor weights_of(const fs::path& checkpoint, const std::string& name) {
  const auto bytes =
      read_checkpoint(checkpoint)
          .files.at(name == "first" ? "model.safetensors" : "average.all.safetensors");
  for (const auto& [key, tensor] : decode_safetensors(bytes, "").tensors)
    if (key == name) return tensor;
  return {};
}

TEST(Trainer, StartsFromTheWeightsOfAnotherRun) {
  const ScratchFolder scratch(testing::in_memory());
  const auto first = run(scratch / "a", recipe_of_pair());
  auto recipe = recipe_of_pair();
  recipe.seed = 9;
  recipe.train.epochs = 1;
  recipe.train.start_from = (scratch / "a").string();
  set_override(recipe.model, "optimizer.learning_rate=1e-12");
  run(scratch / "b", recipe);
  const auto best = *pointed(scratch / "a" / "checkpoints", "best");
  const auto made = *pointed(scratch / "b" / "checkpoints", "last");
  for (const auto* name : {"first", "second"})
    EXPECT_TRUE(torch::allclose(weights_of(best, name), weights_of(made, name))) << name;
  // One checkpoint of it will do as well, and a resume reads it no more.
  recipe.train.start_from =
      step_folder(scratch / "a" / "checkpoints", steps_of_a_stage(first)).string();
  std::atomic<int> stop{0};
  run(scratch / "c", recipe, false, &stop, [&](int64_t) { stop = 2; });
  fs::remove_all(scratch / "a");
  run(scratch / "c", recipe, true);
}

TEST(Trainer, RefusesToStartFromWhatIsNoSuchModel) {
  const ScratchFolder scratch(testing::in_memory());
  auto recipe = recipe_of_pair();
  run(scratch / "a", recipe);
  recipe.train.start_from = (scratch / "none").string();
  auto failed = testing::outcome_of([&] { run(scratch / "b", recipe); });
  EXPECT_EQ(failed.code, exit_code(Cause::kCheckpoint));
  EXPECT_NE(failed.message.find("nothing there"), std::string::npos) << failed.message;
  recipe.train.start_from = (scratch / "a").string();
  set_override(recipe.model, "width=4");
  failed = testing::outcome_of([&] { run(scratch / "b", recipe); });
  EXPECT_EQ(failed.code, exit_code(Cause::kCheckpoint));
  EXPECT_NE(failed.message.find("expected 'first' of shape [4] to start from"), std::string::npos)
      << failed.message;
  recipe.family = "other";
  failed = testing::outcome_of([&] { run(scratch / "b", recipe, false, nullptr, {}, kOther); });
  EXPECT_EQ(failed.code, exit_code(Cause::kConfig));
  EXPECT_NE(failed.message.find("expected a run of the family 'other', got one of 'pair'"),
            std::string::npos)
      << failed.message;
  EXPECT_FALSE(fs::exists(scratch / "b"));
}

}  // namespace
}  // namespace figment
