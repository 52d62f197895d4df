#include "figment/train/guards.h"

#include <gtest/gtest.h>

#include "figment/core/testing.h"
#include "figment/model/abilities.h"
#include "figment/model/families.h"
#include "figment/train/trainer.h"

namespace figment {
namespace {

using Values = std::vector<std::pair<std::string, double>>;

struct ScaledConfig {
  double spread = 1;
  double later = 1;
  double beta = 1;
  OptimizerConfig optimizer{};
  static constexpr auto fields() {
    using C = ScaledConfig;
    return std::tuple{Field{"spread", &C::spread, "Of the first layer's means."},
                      Field{"later", &C::later, "Of them after the first validation."},
                      Field{"beta", &C::beta, "Named in what helps."},
                      Field{"optimizer", &C::optimizer, "Of the one weight."}};
  }
};

// Its posterior means are the examples, times a spread that does not learn; the second layer's are
// standard.
struct Scaled : Model, Posteriors {
  using Config = ScaledConfig;
  Scaled(const Config& given, const ExampleSpec& spec) : Model(spec), config(given) {
    weight = register_parameter("weight", torch::ones({1}));
    optimizer = &register_optimizer("all", parameters(), config.optimizer);
  }
  Metrics training_step(const Batch&) override {
    const auto loss = weight.square().sum();
    optimizer->minimize(loss);
    return {{"loss", loss.detach()}};
  }
  Metrics validation_step(const Batch&) override { return {{"loss", weight.square().sum()}}; }
  torch::Tensor log_weights(const Batch& batch, Noise&, int64_t samples) override {
    return torch::zeros({samples, batch.size()});
  }
  std::vector<torch::Tensor> posterior_means(const Batch& batch) override {
    const auto x = batch.x.flatten(1);
    return {x * (asked++ == 0 ? config.spread : config.later), x};
  }
  Config config;
  torch::Tensor weight;
  Optimizer* optimizer = nullptr;
  int asked = 0;  // batches
};

constexpr Family kScaled = family<Scaled>("scaled", "Of a given spread", "https://example.org");

Dataset standard(int64_t n, int64_t width) {
  torch::manual_seed(1);
  Dataset out;
  out.name = "normal";
  out.spec = {Modality::kVector, {width}, {}, {}};
  out.x = torch::randn({n, width});
  return out;
}

Scaled with_spread(double spread, double later, int64_t width) {
  ScaledConfig config;
  config.spread = spread;
  config.later = later;
  return {config, {Modality::kVector, {width}, {}, {}}};
}

TEST(ActiveUnits, AreThoseWhoseMeansVary) {
  torch::manual_seed(2);
  const auto spread = torch::tensor({1.0, 0.11, 0.09, 0.0});
  const auto means = torch::randn({20000, 4}) * spread + 7;
  const auto found = active_units(means);
  EXPECT_EQ(found.active, 2);
  EXPECT_EQ(found.units, 4);
  EXPECT_FALSE(found.collapsed());
  EXPECT_NEAR(found.variance[1].item<double>(), 0.0121, 0.001);
  EXPECT_TRUE((ActiveUnits{1, 20, {}}.collapsed()));
  EXPECT_FALSE((ActiveUnits{1, 19, {}}.collapsed()));
  EXPECT_TRUE((ActiveUnits{0, 1, {}}.collapsed()));
}

// A posterior without a likelihood, beside a discriminator.
TEST(CollapseGuard, WatchesAnEncoderWhoseCodesAreToBeNormal) {
  const auto set = standard(100, 3);
  Problems problems;
  const auto& family = family_named("vae_gan", "test");
  const auto model = family.make(Value(), set.spec, problems);
  ASSERT_NE(model, nullptr);
  CollapseGuard guard(family.resolve(Value(), problems));
  Values values;
  EXPECT_EQ(guard.look(*model, set, Scaling(), values), "");
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values[0].first, "active_units");
  EXPECT_GT(values[0].second, 0);
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.zero_();
  }
  EXPECT_EQ(guard.look(*model, set, Scaling(), values), "");
  EXPECT_NE(guard.look(*model, set, Scaling(), values).find("the posterior has collapsed: none"),
            std::string::npos);
  // No prior holds the codes of an autoencoder together.
  const auto plain = family_named("autoencoder", "test").make(Value(), set.spec, problems);
  EXPECT_TRUE(units_of(*plain, set, Scaling()).empty());
}

TEST(CollapseGuard, SpeaksOnceAtTheSecondCollapsedValidation) {
  const auto set = standard(100, 3);
  auto model = with_spread(0.05, 0.05, 3);
  Problems problems;
  CollapseGuard guard(kScaled.resolve(Value(), problems));
  Values values = {{"loss", 1}};
  EXPECT_EQ(guard.look(model, set, Scaling(), values), "");
  EXPECT_EQ(values, (Values{{"loss", 1}, {"active_units_1", 0}, {"active_units_2", 3}}));
  EXPECT_EQ(guard.look(model, set, Scaling(), values),
            "the posterior has collapsed: none of the 3 units of the code is active in stochastic "
            "layer 1, so that the codes of all examples are nearly the same and the decoder does "
            "without them; a smaller beta (model.beta), or a decoder with fewer or narrower layers "
            "helps");
  EXPECT_EQ(guard.look(model, set, Scaling(), values), "");
}

TEST(CollapseGuard, IsSilentOverWhatIsOverAtTheNextValidation) {
  const auto set = standard(100, 3);
  auto model = with_spread(0.05, 1, 3);
  CollapseGuard guard{Value()};
  for (int i = 0; i < 3; ++i) {
    Values values;
    EXPECT_EQ(guard.look(model, set, Scaling(), values), "") << i;
  }
}

TEST(CollapseGuard, LeavesTheModelAsItWas) {
  const auto set = standard(4, 3);
  auto model = with_spread(1, 1, 3);
  CollapseGuard guard{Value()};
  Values values;
  for (const bool training : {true, false}) {
    model.train(training);
    guard.look(model, set, Scaling(), values);
    EXPECT_EQ(model.is_training(), training);
  }
  // One example has no variance.
  values.clear();
  EXPECT_EQ(guard.look(model, set.first(1), Scaling(), values), "");
  EXPECT_TRUE(values.empty());
}

// From a whole run: the sentence is a line of log.txt, and the number stands in metrics.jsonl.
TEST(CollapseGuard, IsHeardInTheLog) {
  const testing::ScratchFolder scratch(testing::in_memory());
  for (const auto* spread : {"0.01", "1"}) {
    Recipe recipe;
    recipe.family = "scaled";
    recipe.device = "cpu";
    recipe.threads = 1;
    recipe.data.source = "moons";
    recipe.data.size = 100;
    recipe.train.epochs = 4;
    recipe.train.picture_every = 0;
    set_override(recipe.model, std::string("spread=") + spread);
    set_override(recipe.model, std::string("later=") + spread);
    TrainOptions options;
    options.folder = scratch / spread;
    options.quiet = true;
    train(kScaled, recipe, options);
    const auto read = [&](const char* name) {
      std::ifstream file(options.folder / name);
      return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const auto log = read("log.txt");
    const std::string words = "warning: the posterior has collapsed: none of the 2 units";
    const auto first = log.find(words);
    if (std::string(spread) == "1") {
      EXPECT_EQ(first, std::string::npos) << log;
    } else {
      ASSERT_NE(first, std::string::npos) << log;
      EXPECT_EQ(log.find(words, first + 1), std::string::npos) << log;
    }
    EXPECT_NE(read("metrics.jsonl").find("\"validation/active_units_1\""), std::string::npos);
  }
}

}  // namespace
}  // namespace figment
