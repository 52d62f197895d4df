// Codes of examples for a model that does not encode.
#include "figment/apply/code_search.h"

#include <gtest/gtest.h>

#include <ATen/Parallel.h>

#include "figment/apply/code_space.h"
#include "figment/apply/latent.h"
#include "figment/apply/plane.h"
#include "figment/apply/toy_run_test.h"
#include "figment/core/error.h"
#include "figment/core/testing.h"

namespace figment {
namespace {

// A generator that nobody trained decodes as well as any.
LoadedRun generator(const std::vector<std::string>& settings, std::vector<std::string> classes = {},
                    const char* family = "gan") {
  Value config;
  for (const auto& setting : settings) set_override(config, setting);
  Problems problems;
  torch::manual_seed(1);
  const ExampleSpec spec{Modality::kImage, {1, 6, 6}, std::move(classes)};
  auto run = toys::run_of(family_named(family, "test").make(config, spec, problems));
  EXPECT_TRUE(problems.empty());
  run.family = &family_named(family, "test");
  // An inverse takes seconds to learn: tests of one model share what was kept.
  static const testing::ScratchFolder kept;
  run.folder = kept.path();
  Dataset any;
  any.spec = spec;
  any.x = torch::zeros({1, 1, 6, 6}, torch::kByte);
  run.scaling = Scaling::fit(any, ScalingKind::kAuto);
  torch::NoGradGuard no_grad;  // pictures that differ
  for (auto& parameter : run.model->parameters()) parameter.mul_(1.5);
  return run;
}

const std::vector<std::string> kSmall = {"latent_dim=4", "generator.hidden=[16]"};

// Examples of known codes, as a set of 8-bit images.
Dataset planted(const LoadedRun& run, int64_t n, const torch::Tensor& label = {}) {
  torch::NoGradGuard no_grad;
  Noise noise(77, 0, n);
  const auto z = dynamic_cast<DrawsPrior&>(*run.model).draw_prior(noise).z;
  Dataset given;
  given.label = label;
  return as_examples(run, decode_given(run, z, label), given);
}

double error_of(const LoadedRun& run, const torch::Tensor& codes, const Dataset& set) {
  torch::NoGradGuard no_grad;
  const auto x = run.scaling.to_model(set.x);
  return (decode_given(run, codes, set.label) - x).square().flatten(1).sum(1).max().item<double>();
}

TEST(CodeSearch, FindsCodesThatReconstruct) {
  for (const char* family : {"gan", "began"}) {
    const auto run =
        generator(family == std::string("gan") ? kSmall : std::vector<std::string>{"latent_dim=4"},
                  {}, family);
    ASSERT_TRUE(can_search(*run.model));
    const auto set = planted(run, 6);
    CodeSearch search(run);
    const auto codes = search.find(set);
    EXPECT_EQ(codes.sizes(), at::IntArrayRef({6, 4}));
    Noise noise(5, 0, 6);
    const auto random = dynamic_cast<DrawsPrior&>(*run.model).draw_prior(noise).z;
    EXPECT_LT(error_of(run, codes, set), 0.01 * error_of(run, random, set)) << family;
  }
}

TEST(CodeSearch, IsTheSameForAnyBatchAndAnyThreads) {
  const auto run = generator(kSmall);
  const auto set = planted(run, 5);
  CodeSearch search(run);
  const auto whole = search.find(set);
  const auto one = search.find(set.select(torch::tensor({3})));
  EXPECT_TRUE(torch::allclose(one[0], whole[3], 1e-2, 1e-3)) << one << whole[3];
  const auto threads = at::get_num_threads();
  at::set_num_threads(threads == 1 ? 2 : 1);
  CodeSearch other(run);
  const auto again = other.find(set);
  at::set_num_threads(threads);
  EXPECT_TRUE(torch::allclose(again, whole, 1e-2, 1e-3));
}

TEST(CodeSearch, GoesByTheClassOfTheExample) {
  const std::vector<std::string> told = {"latent_dim=4", "generator.hidden=[16]",
                                         "condition=concatenation"};
  const auto run = generator(told, {"a", "b"});
  const auto set = planted(run, 4, torch::tensor({0, 1, 1, 0}));
  CodeSearch search(run);
  EXPECT_LT(error_of(run, search.find(set), set), 0.05);
  auto unlabelled = set;
  unlabelled.label = torch::Tensor();
  try {
    search.find(unlabelled);
    FAIL() << "missing classes went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("expected a class"), std::string::npos);
  }
}

TEST(CodeSearch, OfManyExamplesTakesTheGuessAndSaysSo) {
  const auto run = generator(kSmall);
  std::string said;
  CodeSearch search(run, [&](const std::string& line) { said = line; });
  const auto set = planted(run, CodeSearch::kMostRefined + 1);
  const auto guessed = search.find(set);
  EXPECT_NE(said.find("codes of 101 examples found by a learned inverse alone, squared error"),
            std::string::npos)
      << said;
  const auto few = set.first(10);
  const auto found = search.find(few);
  EXPECT_NE(said.find("'gan' does not encode: codes of 10 examples found by search"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find(" dB)"), std::string::npos) << said;
  EXPECT_LT(error_of(run, found, few), error_of(run, guessed.narrow(0, 0, 10), few));
}

TEST(CodeSearch, KeepsWhatItLearnedAndNeverTakesADamagedFile) {
  const testing::ScratchFolder folder;
  auto run = generator(kSmall);
  run.folder = folder.path();
  const auto x = run.scaling.to_model(planted(run, 3).x);
  int learned = 0;
  std::string damage;
  const Say say = [&](const std::string& line) {
    learned += line.rfind("learning codes", 0) == 0 ? 1 : 0;
    if (line.rfind("not used", 0) == 0) damage = line;
  };
  const auto guess = [&] {
    torch::NoGradGuard no_grad;
    return learned_inverse(run, say)->forward(x);
  };
  const auto first = guess();
  EXPECT_EQ(learned, 1);
  EXPECT_TRUE(torch::equal(guess(), first));
  EXPECT_EQ(learned, 1);
  const auto file = inverse_file(run);
  const auto bytes = testing::slurp(file);
  auto torn = bytes;
  torn.back() = static_cast<char>(torn.back() ^ 1);
  testing::spill(file, torn);
  EXPECT_TRUE(torch::allclose(guess(), first, 1e-3, 1e-4));
  EXPECT_NE(damage.find(file.string()), std::string::npos) << damage;
  EXPECT_NE(damage.find("the file is damaged"), std::string::npos) << damage;
  EXPECT_EQ(learned, 2);
  {
    torch::NoGradGuard no_grad;
    run.model->parameters().front().add_(0.1);
  }
  EXPECT_NE(inverse_file(run), file);  // another model, another inverse
  run.folder.clear();
  EXPECT_TRUE(inverse_file(run).empty());
}

TEST(CodeSearch, IsForModelsThatHaveNoOtherWay) {
  EXPECT_FALSE(can_search(*generator({}, {}, "vae").model));
  EXPECT_FALSE(can_search(*generator({}, {}, "diffusion").model));
  EXPECT_FALSE(can_search(*generator({}, {"a", "b"}, "cvae").model));
  const auto run = generator(kSmall);
  EXPECT_FALSE(CodeSpace(run, "test", CodesOf::kExamplesOrPrior).encodes());
  EXPECT_TRUE(CodeSpace(run, "test").encodes());
}

TEST(Plane, OfAPriorStaysAsFarFromItsMiddleAsItsCodes) {
  const auto run = generator({"latent_dim=64", "generator.hidden=[16]"});
  const CodeSpace space(run, "test", CodesOf::kExamplesOrPrior);
  const CodePlane plane(space, {});
  const auto codes = plane.codes(unit_grid(5)).to(torch::kDouble);
  const auto norms = codes.norm(2, 1);
  EXPECT_GT(norms.min().item<double>(), 6);  // of a normal in 64 dimensions 8 +- .7
  EXPECT_LT(norms.max().item<double>(), 10);
  // It is a plane of the two coordinates in its name, and the middle of the grid their middle.
  const auto way = codes - codes[0];
  EXPECT_EQ(way.narrow(1, 2, 62).abs().max().item<double>(), 0);
  EXPECT_NEAR(codes[12].narrow(0, 0, 2).norm().item<double>(), 0, 0.05);
}

}  // namespace
}  // namespace figment
