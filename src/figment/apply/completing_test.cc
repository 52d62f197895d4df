// Inpainting, variations and codes of models of many steps.
#include <gtest/gtest.h>

#include <cmath>

#include "figment/apply/code_space.h"
#include "figment/apply/inpainting.h"
#include "figment/apply/toy_run_test.h"
#include "figment/apply/variation.h"
#include "figment/core/error.h"
#include "figment/model/stepwise.h"

namespace figment {
namespace {

LoadedRun made(const char* family, const ExampleSpec& example,
               const std::vector<std::string>& settings) {
  Value config;
  for (const auto& setting : settings) set_override(config, setting);
  Problems problems;
  torch::manual_seed(1);
  auto run = toys::run_of(family_named(family, "test").make(config, example, problems));
  run.family = &family_named(family, "test");
  return run;
}

Dataset pictures(int64_t n) {
  Dataset set;
  set.name = "pictures";
  set.spec = {Modality::kImage, {1, 8, 8}, {}};
  torch::manual_seed(3);
  set.x = torch::randint(0, 256, {n, 1, 8, 8}, torch::kByte);
  return set;
}

LoadedRun picture_run() {
  auto run = made("diffusion", {Modality::kImage, {1, 8, 8}, {}},
                  {"schedule.steps=40", "sampler.steps=10", "unet.channels=8",
                   "unet.multipliers=[1,2]", "unet.blocks=1"});
  run.scaling = Scaling::fit(pictures(1), ScalingKind::kAuto);
  torch::NoGradGuard no_grad;
  for (auto& parameter : run.model->parameters())
    parameter.add_(torch::randn_like(parameter), 0.05);
  return run;
}

template <class F>
void expect_refused(F&& call, const std::string& words) {
  try {
    call();
    FAIL() << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Inpainting, KeepsWhatIsKnownAndNeverSeesWhatIsHidden) {
  const auto run = picture_run();
  const auto set = pictures(3);
  const auto mask = mask_for(run, "");
  EXPECT_EQ((1 - mask).sum().item<int64_t>(), 16);  // the centre
  const auto filled = inpaint(run, set, mask, 2, 5);
  EXPECT_EQ(filled.answers.sizes().vec(), (std::vector<int64_t>{2, 3, 1, 8, 8}));
  EXPECT_TRUE(
      torch::allclose(filled.answers * mask, (filled.truth * mask).expand({2, 3, 1, 8, 8})));
  EXPECT_FALSE(torch::allclose(filled.answers[0], filled.answers[1], 1e-2, 1e-2));
  // Other pixels where none is known change nothing.
  auto other = set;
  const auto known = mask.to(torch::kByte);
  other.x = set.x * known + (255 - set.x) * (1 - known);
  const auto again = inpaint(run, other, mask, 2, 5);
  EXPECT_TRUE(torch::allclose(again.answers, filled.answers, 1e-4, 1e-5));
  // An example's answers are its own, whoever is beside it.
  const auto alone = inpaint(run, set.first(1), mask, 1, 5);
  EXPECT_TRUE(torch::allclose(alone.answers[0][0], filled.answers[0][0], 1e-4, 1e-5));
}

TEST(Inpainting, JudgesTheHiddenPixelsAlone) {
  const auto truth = torch::zeros({2, 1, 4, 4});
  auto mask = torch::ones({1, 1, 4, 4});
  mask[0][0][0][0] = 0;
  auto x = truth.clone();
  x.index_put_({0, 0, 0, 0}, 0.1);
  x.index_put_({1, 0, 0, 0}, 0.01);
  x.index_put_({1, 0, 3, 3}, 0.9);  // known: of no account
  EXPECT_NEAR(hidden_psnr(x, truth, mask), (20 + 40) / 2.0, 1e-4);
}

// Images that are one grey each: the rest tells the hole, which the mean of all does not.
TEST(Inpainting, StandsBesideTheMeanAndTheBestLinearGuess) {
  auto run = made("autoencoder", {Modality::kImage, {1, 8, 8}, {}}, {"corruption.kind=centre"});
  auto set = pictures(300);
  set.x = torch::randint(0, 256, {300, 1, 1, 1}, torch::kByte).expand({300, 1, 8, 8}).contiguous();
  run.scaling = Scaling::fit(set, ScalingKind::kAuto);
  const auto mask = mask_for(run, "");
  const auto filled = inpaint(run, set.first(20), mask, 1, 1);
  EXPECT_EQ(filled.answers.size(1), 20);
  // This model always answers alike, which need not be shown three times.
  EXPECT_EQ(inpaint(run, set.first(2), mask, 3, 1).answers.size(0), 1);
  const auto found = plain_fillings(run, set, filled.truth, mask);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "mean");
  EXPECT_LT(hidden_psnr(found[0].images, filled.truth, mask), 20);
  const auto mean = set.x.to(torch::kDouble).mean().item<double>() / 255;
  EXPECT_NEAR(found[0].images[3][0][4][4].item<double>(), mean, 1e-5);
  EXPECT_EQ(found[1].name, "gaussian");
  EXPECT_GT(hidden_psnr(found[1].images, filled.truth, mask), 40);
  for (const auto& filling : found)
    EXPECT_TRUE(torch::allclose(filling.images * mask, filled.truth * mask, 1e-4, 1e-5));
}

// Errors of 0.1 and 0.3 to either side: their mean is off by 0.1, and they are 0.2 from it each.
TEST(Inpainting, TellsOfSeveralAnswersTheirMeanAndSpread) {
  Inpainting filled;
  filled.truth = torch::full({2, 1, 4, 4}, 0.5);
  auto mask = torch::ones({1, 1, 4, 4});
  mask.slice(2, 1, 3).zero_();
  const auto off = torch::tensor({-0.1f, 0.3f}).view({2, 1, 1, 1, 1});
  filled.answers = filled.truth + off * torch::ones({2, 2, 1, 4, 4});
  filled.answers.slice(3, 3, 4).fill_(7);  // known: of no account
  const auto found = hidden_results(filled, mask);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].first, "hidden_psnr");
  EXPECT_NEAR(found[0].second, (20 - 20 * std::log10(0.3)) / 2, 1e-4);
  EXPECT_EQ(found[1].first, "hidden_psnr_of_mean");
  EXPECT_NEAR(found[1].second, 20, 1e-4);
  EXPECT_EQ(found[2].first, "hidden_spread");
  EXPECT_NEAR(found[2].second, 0.2 * std::sqrt(2), 1e-5);
  filled.answers = filled.answers.narrow(0, 0, 1);
  EXPECT_EQ(hidden_results(filled, mask).size(), 1u);
}

TEST(Inpainting, RefusesModelsThatCannotAndMasksForThoseWithTheirOwn) {
  expect_refused(
      [] {
        mask_for(made("vae", {Modality::kImage, {1, 8, 8}, {}}, {}), "");
      },
      "[inpaint] expected a model that can do this");
  const ExampleSpec labelled{Modality::kImage, {1, 8, 8}, {"a", "b"}};
  const auto part = made("cvae", labelled, {"condition=part"});
  EXPECT_EQ(mask_for(part, "").sum().item<int64_t>(), 16);  // a quadrant
  const auto plain = made("autoencoder", {Modality::kImage, {1, 8, 8}, {}}, {});
  expect_refused([&] { inpaint(plain, pictures(2), mask_for(plain, ""), 1, 1); },
                 "[complete] expected a model trained to fill in what is hidden");
  expect_refused([&] { mask_for(part, "left"); }, "[--mask] expected none");
  need_mask(part, mask_for(part, ""));
  need_mask(plain, mask_for(part, ""));
  expect_refused([&] { need_mask(part, mask_for(plain, "left")); },
                 "'cvae' completes a part of its own that is another");
  expect_refused([&] { mask_for(made("cvae", labelled, {"condition=class"}), ""); },
                 "expected a model that is given part of an image");
}

TEST(Variation, MixesCodesSoThatNormalOnesStayNormal) {
  torch::manual_seed(2);
  // Codes are twice the example, so normal codes are examples of half the deviation.
  const auto set = toys::vectors(0.5 * torch::randn({4000, 2}));
  const auto run = toys::run_of(std::make_shared<toys::ToyModel>(set.spec, false));
  for (const double strength : {0.3, 0.8, 1.0}) {
    const auto varied = vary(run, set, {strength, 2, 4});
    ASSERT_EQ(varied.sizes().vec(), (std::vector<int64_t>{2, 4000, 2}));
    EXPECT_NEAR(varied.std().item<double>(), 0.5, 0.02) << strength;
    const auto kept = (varied[0] * set.x).mean().item<double>() / 0.25;
    EXPECT_NEAR(kept, std::sqrt(1 - strength * strength), 0.03);
    EXPECT_FALSE(torch::allclose(varied[0], varied[1], 1e-2, 1e-2));
  }
}

TEST(Variation, IsNearForLittleStrengthAndFarForMuch) {
  const auto run = picture_run();
  const auto set = pictures(4);
  const auto x = run.scaling.to_model(set.x);
  const auto off = [&](double strength) {
    return (vary(run, set, {strength, 1, 7})[0] - x).square().mean().item<double>();
  };
  EXPECT_LT(off(0.05), off(0.9));
  EXPECT_TRUE(torch::allclose(vary(run, set.first(2), {0.5, 1, 7})[0],
                              vary(run, set, {0.5, 1, 7})[0].narrow(0, 0, 2), 1e-4, 1e-5));
}

TEST(Variation, RefusesAModelThatDoesNeither) {
  const auto run = made("pca", {Modality::kVector, {4}, {}}, {"latent_dim=2"});
  expect_refused(
      [&] {
        vary(run, toys::vectors(torch::zeros({2, 4})), {});
      },
      "[vary] expected a model that draws in steps");
}

// An untrained denoiser of velocities is the best one for standard normal data: the way from noise
// to example is then nearly the identity, and so is the way back.
TEST(CodeSpace, OfAModelOfManySteps) {
  const auto run = made("diffusion", {Modality::kVector, {3}, {}},
                        {"predict=velocity", "sampler.steps=50", "schedule.steps=200"});
  const CodeSpace space(run, "interpolate");
  EXPECT_EQ(space.width(), 3);
  EXPECT_FALSE(space.conditional());
  torch::manual_seed(1);
  const auto set = toys::vectors(torch::randn({20, 3}));
  const auto codes = space.encode(set);
  EXPECT_LT((space.decode(codes, set) - set.x).abs().max().item<double>(), 0.02);
  EXPECT_NEAR(codes.norm().item<double>() / set.x.norm().item<double>(), 1, 0.1);
}

}  // namespace
}  // namespace figment
