#include "figment/apply/classify.h"

#include <gtest/gtest.h>

#include "figment/apply/toy_run_test.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/model/abilities.h"
#include "figment/model/families.h"

namespace figment {
namespace {

DataConfig few_digits() {
  DataConfig config;
  config.size = 90;
  config.image_size = 12;
  config.validation = config.test = 0;
  return config;
}

// A model of its first weights.
LoadedRun untrained(const char* name, const Dataset& set, const std::string& condition = "") {
  LoadedRun run;
  run.family = &family_named(name, "test");
  run.scaling = Scaling::fit(set, ScalingKind::kAuto);
  torch::manual_seed(1);
  Problems problems;
  Value config;
  if (!condition.empty()) set_override(config, "condition=" + condition);
  run.model = run.family->make(config, set.spec, problems);
  run.model->eval();
  return run;
}

template <class F>
std::string error_of(F&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Classify, TakesTheDensityWhereThereIsOne) {
  const auto set = open_data(few_digits()).train;
  const auto run = untrained("cvae", set);
  const auto told = classify(run, set, set.first(20), {3, 1});
  EXPECT_EQ(told.method, "Bayes' rule over importance-weighted bounds of 3 codes");
  EXPECT_EQ(told.log_p.sizes().vec(), (std::vector<int64_t>{20, 10}));
  EXPECT_TRUE(torch::allclose(told.log_p.exp().sum(1), torch::ones({20}), 1e-4, 1e-4));
  // Labels of what is told are not looked at.
  auto unlabelled = set.first(20);
  unlabelled.label = torch::Tensor();
  EXPECT_TRUE(torch::equal(classify(run, set, unlabelled, {3, 1}).log_p, told.log_p));
  const auto vae = untrained("vae", set);
  EXPECT_NE(error_of([&] { classify(vae, set, set, {}); }).find("these can: "), std::string::npos);
  const auto part = untrained("cvae", set, "part");
  EXPECT_NE(error_of([&] { classify(part, set, set, {}); }).find("classify"), std::string::npos);
}

TEST(Classify, IsHeldAgainstOthers) {
  const auto set = open_data(few_digits()).train;
  const auto codes = classification_baselines(untrained("autoencoder", set), set, set, 1);
  ASSERT_EQ(codes.size(), 2u);
  EXPECT_EQ(codes[1].first, "neighbours_of_codes_error");
  const auto inputs = classification_baselines(untrained("cvae", set), set, set, 1);
  EXPECT_EQ(inputs[1].first, "neighbours_of_inputs_error");
  EXPECT_LT(inputs[0].second, 0.1);  // on what it learned from
}

TEST(Classify, LetsNoExampleVoteOnItself) {
  const auto along = torch::tensor({0.0F, 0.1F, 10.0F, 10.1F, 20.0F, 20.1F});
  const auto set = toys::vectors(torch::stack({along, along}, 1), {0, 1, 0, 1, 0, 1}, {"a", "b"});
  const auto run = toys::run_of(std::make_shared<toys::ToyModel>(set.spec, false));
  const auto found = classification_baselines(run, set, set, 1);
  EXPECT_EQ(found[1].first, "neighbours_of_codes_error");
  EXPECT_LT(found[1].second, 0.5);
  // Of the five others three are of the other class.
  EXPECT_EQ(classification_baselines(run, set, set, 1, /*within_training=*/true)[1].second, 1);
}

TEST(Classify, RefusesAClassifierThatNeverLearned) {
  const auto set = open_data(few_digits()).train;
  const auto run_with = [&](const ExampleSpec& spec, const char* setting) {
    LoadedRun run;
    run.family = &family_named("stacked", "test");
    run.scaling = Scaling::fit(set, ScalingKind::kAuto);
    Problems problems;
    Value config;
    set_override(config, setting);
    run.model = run.family->make(config, spec, problems);
    run.model->eval();
    return run;
  };
  EXPECT_EQ(classify(run_with(set.spec, "beside=true"), set, set.first(5), {}).log_p.size(0), 5);
  const auto told =
      error_of([&] { classify(run_with(set.spec, "beside=false"), set, set.first(5), {}); });
  EXPECT_NE(told.find("train anew with model.beside=true or model.target=labels"),
            std::string::npos)
      << told;
  auto bare = set.spec;
  bare.classes.clear();
  EXPECT_NE(error_of([&] {
              classify(run_with(bare, "beside=true"), set, set.first(5), {});
            }).find("train anew with examples with labels"),
            std::string::npos);
}

TEST(Sample, GivesTheAttributesThatAreAskedFor) {
  auto config = few_digits();
  config.attributes = {"slant", "thickness"};
  const auto run = untrained("cvae", open_data(config).train, "class_and_attributes");
  SampleOptions options;
  options.n = 4;
  const auto free = sample(run, options);
  options.attributes = {{"thickness", 2.0}};
  const auto thick = sample(run, options);
  EXPECT_FALSE(torch::allclose(free, thick));
  options.batch_size = 1;
  EXPECT_TRUE(torch::allclose(sample(run, options), thick, 1e-4, 1e-5));
  options.attributes = {{"slnat", 1.0}};
  EXPECT_NE(error_of([&] { sample(run, options); }).find("did you mean 'slant'"),
            std::string::npos);
  const auto plain = untrained("vae", open_data(few_digits()).train);
  EXPECT_NE(error_of([&] { sample(plain, options); }).find("conditioned on attributes"),
            std::string::npos);
}

TEST(Decode, TakesClasses) {
  const auto set = open_data(few_digits()).train;
  const auto run = untrained("cvae", set);
  const auto codes = torch::zeros({2, 2});
  const auto x = decode(run, codes, torch::tensor({3, 7}, torch::kLong));
  EXPECT_FALSE(torch::allclose(x[0], x[1]));
  EXPECT_NE(error_of([&] {
              decode(run, codes, torch::tensor({3, 10}, torch::kLong));
            }).find("expected classes in [0, 10)"),
            std::string::npos);
}

}  // namespace
}  // namespace figment
