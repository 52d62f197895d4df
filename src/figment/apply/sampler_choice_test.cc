#include "figment/apply/sampler_choice.h"

#include <gtest/gtest.h>

#include "figment/apply/toy_run_test.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/model/stepwise.h"

namespace figment {
namespace {

LoadedRun drawing_run(bool told_classes, const char* label_dropout = "label_dropout=0.1") {
  Value config;
  set_override(config, "width=8");
  set_override(config, "schedule.steps=30");
  set_override(config, label_dropout);
  set_override(config, told_classes ? "class_conditional=true" : "class_conditional=false");
  Problems problems;
  torch::manual_seed(1);
  auto run = toys::run_of(family_named("diffusion", "test")
                              .make(config, {Modality::kVector, {3}, {"a", "b"}}, problems));
  run.family = &family_named("diffusion", "test");
  return run;
}

void expect_refused(const LoadedRun& run, const SamplerChoice& choice, const std::string& words) {
  try {
    choose_sampler(run, choice);
    FAIL() << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(SamplerChoice, SetsWhatIsAskedForAndLeavesTheRest) {
  const auto run = drawing_run(true);
  auto& sampler = dynamic_cast<Stepwise&>(*run.model).sampler();
  sampler.eta = 0.25;
  choose_sampler(run, {});
  EXPECT_EQ(sampler.steps, 50);
  choose_sampler(run, {"dpm_solver", 7, -1, 2.5});
  EXPECT_EQ(sampler.kind, SamplerKind::kDpmSolver);
  EXPECT_EQ(sampler.steps, 7);
  EXPECT_EQ(sampler.eta, 0.25);
  EXPECT_EQ(sampler.guidance, 2.5);
  choose_sampler(run, {"ddim", 0, 0, -1});
  EXPECT_EQ(sampler.eta, 0);
}

TEST(SamplerChoice, RefusesWhatSaysNothing) {
  const auto run = drawing_run(false);
  expect_refused(run, {"ddpm2", 0, -1, -1}, "[--sampler] expected ancestral, ddim, dpm_solver");
  expect_refused(run, {"", 31, -1, -1}, "[--steps] expected at most the 30 steps");
  expect_refused(run, {"ancestral", 0, 0.5, -1}, "[--eta] expected --sampler ddim");
  expect_refused(run, {"", 0, -1, 2}, "[--guidance] expected a model that is told the class");
  const auto always_told = drawing_run(true, "label_dropout=0");
  expect_refused(always_told, {"", 0, -1, 2}, "[--guidance] expected a model that learned to do");
  choose_sampler(always_told, {"", 0, -1, 1});
  const auto at_once =
      toys::run_of(std::make_shared<toys::ToyModel>(run.example(), /*told=*/false));
  expect_refused(at_once, {"", 10, -1, -1}, "[--steps] expected a model that draws its samples in");
}

// Read from a recipe, settings of the sampler that say nothing are refused with the others.
TEST(SamplerChoice, IsCheckedInRecipes) {
  const std::pair<const char*, const char*> refused[] = {
      {"sampler.eta=0.5", "model.sampler.eta: expected 0 with kind = \"ancestral\""},
      {"sampler.guidance=2", "model.sampler.guidance: expected 1 without class_conditional"}};
  for (const char* family : {"diffusion", "latent_diffusion"})
    for (const auto& [setting, words] : refused) {
      Value config;
      set_override(config, "sampler.kind=ancestral");
      set_override(config, setting);
      Problems problems;
      family_named(family, "test").resolve(config, problems);
      ASSERT_EQ(problems.lines().size(), 1u) << family;
      EXPECT_NE(problems.lines()[0].find(words), std::string::npos) << problems.lines()[0];
    }
}

TEST(SamplerChoice, DrawsTheSameWhateverIsDrawnTogetherAndTellsEachStep) {
  const auto run = drawing_run(true);
  {
    torch::NoGradGuard no_grad;
    for (auto& parameter : run.model->parameters())
      parameter.add_(torch::randn_like(parameter), 0.2);
  }
  for (const char* kind : {"ancestral", "ddim", "dpm_solver"}) {
    choose_sampler(run, {kind, 6, -1, 1.5});
    if (std::string(kind) == "ddim") choose_sampler(run, {"", 0, 0.7, -1});
    SampleOptions options;
    options.n = 10;
    options.seed = 5;
    const auto together = sample(run, options);
    options.batch_size = 3;
    std::vector<int64_t> told;
    dynamic_cast<Stepwise&>(*run.model).watch_steps([&](int64_t n, int64_t step, int64_t steps) {
      EXPECT_EQ(steps, 6);
      if (step == steps) told.push_back(n);
    });
    EXPECT_TRUE(torch::allclose(sample(run, options), together, 1e-4, 1e-5)) << kind;
    EXPECT_EQ(told, (std::vector<int64_t>{3, 3, 3, 1}));
    dynamic_cast<Stepwise&>(*run.model).watch_steps({});
    options.n = 4;
    EXPECT_TRUE(torch::allclose(sample(run, options), together.narrow(0, 0, 4), 1e-4, 1e-5))
        << kind;
    options.seed = 6;
    EXPECT_FALSE(torch::allclose(sample(run, options), together.narrow(0, 0, 4), 1e-2, 1e-2));
  }
}

}  // namespace
}  // namespace figment
