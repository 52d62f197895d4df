#include "figment/apply/classify.h"

#include <gtest/gtest.h>

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
