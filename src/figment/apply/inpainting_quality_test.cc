// Completed images judged as a set.
#include "figment/apply/inpainting_quality.h"

#include <gtest/gtest.h>

#include "figment/apply/toy_run_test.h"
#include "figment/core/testing.h"
#include "figment/eval/feature_net.h"

namespace figment {
namespace {

// Images of 4x4 whose upper half is noise, and whose lower half is black or white whatever is
// above it.
Dataset halves(int64_t n, std::uint64_t seed) {
  torch::manual_seed(seed);
  Dataset set;
  set.name = "halves";
  set.spec = {Modality::kImage, {1, 4, 4}, {"a", "b"}};
  set.x = torch::randint(0, 256, {n, 1, 4, 4}, torch::kByte);
  set.x.slice(2, 2, 4).copy_(255 * torch::randint(0, 2, {n, 1, 1, 1}, torch::kByte));
  set.label = torch::zeros({n}, torch::kLong);
  return set;
}

// A network whose features are the 16 pixels.
std::string pixels_in(const testing::ScratchFolder& folder) {
  FeatureNetSpec spec;
  spec.title = "pixels";
  spec.input = {1, 4, 4};
  spec.mean = {0};
  spec.deviation = {1};
  read_layers("linear 16\nfeatures", spec, "test");
  const FeatureNet net(
      spec, {{"layer_0.weight", torch::eye(16)}, {"layer_0.bias", torch::zeros({16})}}, "test");
  const auto file = (folder / "pixels.safetensors").string();
  testing::spill(file, encode_feature_net(net));
  return file;
}

LoadedRun run_on(const Dataset& set) {
  auto run = toys::run_of(std::make_shared<toys::ToyModel>(set.spec, false));
  run.scaling = Scaling::fit(set, ScalingKind::kAuto);
  return run;
}

double value_of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  ADD_FAILURE() << name;
  return 0;
}

std::string note_of(const Measured& measured, const std::string& name) {
  for (const auto& [key, text] : measured.notes)
    if (key == name) return text;
  return "";
}

// A lower half drawn anew is as far off as can be where it is off at all; grey, the mean of both,
// is nearer by the mean square, and like no image.
TEST(InpaintingQuality, TakesADrawnAnswerForBetterThanTheNearestOne) {
  const testing::ScratchFolder folder;
  const auto set = halves(400, 1), others = halves(400, 2);
  const auto run = run_on(set);
  auto mask = torch::ones({1, 1, 4, 4});
  mask.slice(2, 2, 4).zero_();
  const auto truth = run.scaling.to_model(set.x);
  const auto drawn = truth * mask + run.scaling.to_model(others.x) * (1 - mask);
  const auto fillings = std::vector<Filling>{mean_filling(run, set, truth, mask), {"true", truth}};
  const auto error = [&](const torch::Tensor& x) {
    return (x - truth).square().mean().item<double>();
  };
  EXPECT_LT(error(fillings[0].images), 0.6 * error(drawn));
  Measured found;
  judge_completed(run, set, set, drawn, fillings, pixels_in(folder), {}, found);
  EXPECT_LT(value_of(found.metrics, "fid"), 0.2);
  EXPECT_GT(value_of(found.baselines, "mean_fid"), 1);
  EXPECT_NEAR(value_of(found.baselines, "true_fid"), 0, 1e-3);
  EXPECT_GT(value_of(found.metrics, "precision"), 0.8);
  EXPECT_LT(value_of(found.baselines, "mean_precision"), 0.2);
  EXPECT_GT(value_of(found.metrics, "coverage"), value_of(found.baselines, "mean_coverage") + 0.5);
  EXPECT_EQ(value_of(found.baselines, "true_recall"), 1);
  EXPECT_EQ(found.metrics.size(), 5u);
  EXPECT_EQ(found.intervals.size(), 5u);
  EXPECT_EQ(found.baselines.size(), 10u);
  EXPECT_EQ(note_of(found, "features"), "pixels");
  EXPECT_EQ(note_of(found, "quality"),
            "of 400 completed images, the first answer to each, against what they were, 16 numbers "
            "each");
}

TEST(InpaintingQuality, IsLeftOutInALineWhereItSaysNothing) {
  const testing::ScratchFolder folder;
  const auto said = [](const Dataset& set, const std::string& features) {
    const auto run = run_on(set);
    Measured found;
    judge_completed(run, set, set, run.scaling.to_model(set.x), {}, features, {}, found);
    EXPECT_TRUE(found.metrics.empty() && found.baselines.empty());
    EXPECT_EQ(found.notes.size(), 1u);
    return note_of(found, "quality");
  };
  EXPECT_EQ(said(halves(99, 1), pixels_in(folder)),
            "left out: it takes 100 images at least (--number), got 99");
  auto unlabelled = halves(100, 1);
  unlabelled.spec.classes.clear();
  unlabelled.label = torch::Tensor();
  EXPECT_NE(said(unlabelled, "").find("left out: a feature network learns from labelled images"),
            std::string::npos);
}

}  // namespace
}  // namespace figment
