#include "figment/train/game_guard.h"

#include <gtest/gtest.h>

#include "figment/core/testing.h"
#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"
#include "figment/model/families.h"
#include "figment/train/trainer.h"

namespace figment {
namespace {

using Values = std::vector<std::pair<std::string, double>>;

struct PlayerConfig {
  double spread = 1;
  double sureness = 0;
  double r1 = 0;
  OptimizerConfig optimizer{};
  static constexpr auto fields() {
    using C = PlayerConfig;
    return std::tuple{Field{"spread", &C::spread, "Of what the generator makes."},
                      Field{"sureness", &C::sureness, "Slope of the discriminator's score."},
                      Field{"r1", &C::r1, "Named in what helps."},
                      Field{"optimizer", &C::optimizer, "Of the one weight."}};
  }
};

// Makes normal points about 10, or with classes about 10 times the class, of a given spread; of the
// first `kinds` classes in turn where it is told none. Its discriminator takes for made what is far
// from 0.
struct Player : Model, Samples, Discriminates {
  using Config = PlayerConfig;
  Player(const Config& given, const ExampleSpec& spec, bool told_classes = false)
      : Model(spec), config(given), told(told_classes) {
    weight = register_parameter("weight", torch::ones({1}));
    optimizer = &register_optimizer("all", parameters(), config.optimizer);
  }
  Metrics training_step(const Batch&) override {
    const auto loss = weight.square().sum();
    optimizer->minimize(loss);
    return {{"discriminator_loss", loss.detach()}};
  }
  Metrics validation_step(const Batch&) override {
    return {{"discriminator_loss", weight.square().sum()}};
  }
  bool knows_classes() const override { return told; }
  torch::Tensor sample(const SampleRequest& request) override {
    const auto x = config.spread * request.noise->normal(example().shape);
    if (request.label.defined()) return x + 10 * request.label.unsqueeze(1);
    if (kinds > 0) return x + 10 * torch::arange(request.n).remainder(kinds).unsqueeze(1);
    return x + 10;
  }
  AdversarialLoss game() const override { return played; }
  torch::Tensor scores(const Batch& batch) override {
    return config.sureness * (5 - batch.x.select(1, 0));
  }
  Config config;
  bool told;
  int64_t kinds = 0;
  AdversarialLoss played = AdversarialLoss::kNonSaturating;
  torch::Tensor weight;
  Optimizer* optimizer = nullptr;
};

constexpr Family kPlayer = family<Player>("player", "Of a given spread", "https://example.org");

const ExampleSpec kPlain{Modality::kVector, {2}, {}, {}};
const ExampleSpec kLabelled{Modality::kVector, {2}, {"a", "b", "c", "d"}, {}};

ExampleSpec with_classes(int n) {
  auto spec = kPlain;
  for (int i = 0; i < n; ++i) spec.classes.push_back("kind " + std::to_string(i));
  return spec;
}

// Standard normal points; with classes about 10 times the class.
Dataset points(const ExampleSpec& spec, int64_t n = 400) {
  torch::manual_seed(1);
  Dataset out;
  out.spec = spec;
  out.x = torch::randn({n, 2});
  if (spec.classes.empty()) return out;
  out.label = torch::arange(n, torch::kLong).remainder(static_cast<int64_t>(spec.classes.size()));
  out.x += 10 * out.label.unsqueeze(1);
  return out;
}

PlayerConfig player(double spread, double sureness) {
  PlayerConfig config;
  config.spread = spread;
  config.sureness = sureness;
  return config;
}

Value settings() {
  Problems problems;
  return kPlayer.resolve(Value(), problems);
}

TEST(GameState, ComparesTheSpreadOfMadeAndTrue) {
  for (const double spread : {0.05, 0.5, 1.0}) {
    Player model(player(spread, 0), kPlain);
    const auto state = game_state(model, points(kPlain), Scaling());
    ASSERT_TRUE(state);
    EXPECT_NEAR(state->diversity, spread, 0.15 * spread);
    EXPECT_EQ(state->collapsed(), spread < 0.25);
    EXPECT_TRUE(std::isnan(state->made_classes));
    EXPECT_NEAR(state->doubt, 1, 1e-6);  // a score of 0 everywhere is ignorance
    EXPECT_FALSE(state->won());
  }
}

// All about 10 is one class of four, however spread.
TEST(GameState, CountsTheClassesThatAreMade) {
  Player model(player(1, 0), kLabelled);
  const auto state = game_state(model, points(kLabelled), Scaling());
  EXPECT_NEAR(state->made_classes, 1, 0.01);
  EXPECT_NEAR(state->true_classes, 4, 0.01);
  EXPECT_TRUE(state->collapsed());
  // Of what lies far from all true examples nobody can tell the class.
  Player noisy(player(50, 0), kLabelled);
  const auto far = game_state(noisy, points(kLabelled), Scaling());
  EXPECT_TRUE(std::isnan(far->made_classes));
  EXPECT_FALSE(far->collapsed());
  Player told(player(1, 0), kLabelled, true);
  const auto of_all = game_state(told, points(kLabelled), Scaling());
  EXPECT_NEAR(of_all->made_classes, 4, 0.01);
  EXPECT_FALSE(of_all->collapsed());
}

// The classes are far from one another, and each is made as a point: the spread within tells it.
TEST(GameState, JudgesEachClassForItself) {
  Player model(player(0.01, 0), kLabelled, true);
  const auto state = game_state(model, points(kLabelled), Scaling());
  EXPECT_NEAR(state->diversity, 0.01, 0.003);
  EXPECT_TRUE(state->collapsed());
  EXPECT_NE(collapse_of_modes_warning(*state, settings()).find("of class '"), std::string::npos);
}

// 4 of 10 are too many for the effective number to say anything, and 6 are missing.
TEST(GameState, NamesTheClassesThatAreMissing) {
  const auto ten = with_classes(10);
  Player model(player(1, 0), ten);
  model.kinds = 4;
  const auto state = game_state(model, points(ten), Scaling());
  EXPECT_NEAR(state->made_classes, 4, 0.01);
  EXPECT_EQ(state->told_classes, 10);
  EXPECT_EQ(state->missing,
            (std::vector<std::string>{"kind 4", "kind 5", "kind 6", "kind 7", "kind 8", "kind 9"}));
  ASSERT_EQ(state->made_shares.size(), 10u);
  EXPECT_NEAR(state->made_shares[0], 0.25, 0.01);
  EXPECT_NEAR(state->true_shares[0], 0.1, 0.01);
  EXPECT_TRUE(state->collapsed());
  const auto warning = collapse_of_modes_warning(*state, settings());
  EXPECT_NE(warning.find("are hardly ever nearest to true ones of 6 of 10 classes ('kind 4', "),
            std::string::npos)
      << warning;
  // A fifth may be hard to make.
  model.kinds = 8;
  const auto most = game_state(model, points(ten), Scaling());
  EXPECT_EQ(most->missing, (std::vector<std::string>{"kind 8", "kind 9"}));
  EXPECT_FALSE(most->collapsed());
}

// Of a hundred classes 256 made examples have no spread for each, and who is missing is chance.
TEST(GameState, JudgesManyClassesTogether) {
  const auto hundred = with_classes(100);
  Player model(player(1, 0), hundred, true);
  const auto state = game_state(model, points(hundred), Scaling());
  EXPECT_NEAR(state->diversity, 1, 0.1);
  EXPECT_EQ(state->narrowest, "");
  EXPECT_EQ(state->told_classes, 0);
  EXPECT_FALSE(state->collapsed());
}

TEST(GameState, KnowsWhenTheDiscriminatorHasWon) {
  for (const auto& entry : enum_names(AdversarialLoss{})) {
    SCOPED_TRACE(entry.name);
    Player model(player(1, 0), kPlain);
    model.played = entry.value;
    const bool plays_for_distance = entry.value == AdversarialLoss::kWasserstein;
    const auto even = game_state(model, points(kPlain), Scaling());
    EXPECT_FALSE(even->won());
    model.config.sureness = entry.value == AdversarialLoss::kLeastSquares ? 0.1 : 4;
    const auto sure = game_state(model, points(kPlain), Scaling());
    EXPECT_EQ(std::isnan(sure->doubt), plays_for_distance);
    // Scores about 0.5 for true and -0.5 for made are not those that least squares aims at.
    EXPECT_EQ(sure->won(), !plays_for_distance && entry.value != AdversarialLoss::kLeastSquares);
  }
}

TEST(GameState, IsThatOfModelsThatPlay) {
  struct Plain : Model {
    explicit Plain(const ExampleSpec& spec) : Model(spec) {
      register_parameter("weight", torch::ones({1}));
    }
    Metrics training_step(const Batch&) override { return {}; }
    Metrics validation_step(const Batch&) override { return {}; }
  } plain(kPlain);
  EXPECT_FALSE(game_state(plain, points(kPlain), Scaling()));
  EXPECT_EQ(GameGuard(settings()).cannot_look(plain), "");
  Player model(player(1, 0), kPlain);
  EXPECT_FALSE(game_state(model, points(kPlain, 1), Scaling()));
}

// Those whose discriminator has no score of an example, and those that are watched for more, too.
TEST(GameGuard, WatchesOverEveryGame) {
  for (const auto* name : {"began", "vae_gan"}) {
    SCOPED_TRACE(name);
    const auto& family = family_named(name, "test");
    Problems problems;
    const auto model = family.make(Value(), kPlain, problems);
    ASSERT_NE(model, nullptr);
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : model->parameters()) parameter.zero_();  // makes one point
    }
    const auto state = game_state(*model, points(kPlain), Scaling());
    ASSERT_TRUE(state);
    EXPECT_EQ(state->diversity, 0);
    EXPECT_TRUE(std::isnan(state->doubt));
    GameGuard guard(family.resolve(Value(), problems));
    Values values;
    EXPECT_TRUE(guard.look(*model, points(kPlain), Scaling(), 1000, values).empty());
    const auto said = guard.look(*model, points(kPlain), Scaling(), 2000, values);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].rfind("the generator has lost modes", 0), 0u) << said[0];
    EXPECT_NE(said[0].find("a larger model.gamma"), std::string::npos) << said[0];
  }
}

TEST(GameGuard, SaysOnceThatItCannotLook) {
  Player model(player(1, 0), kPlain);
  GameGuard guard(settings());
  EXPECT_NE(guard.cannot_look(model).find("data.validation"), std::string::npos);
  EXPECT_EQ(guard.cannot_look(model), "");
}

// What 13 steps have come to twice is a beginning.
TEST(GameGuard, IsSilentInTheFirstSteps) {
  Player model(player(0.01, 4), kPlain);
  GameGuard guard(settings());
  for (int64_t step = 13; step <= 13 * 17; step += 13) {
    Values values;
    const auto said = guard.look(model, points(kPlain), Scaling(), step, values);
    EXPECT_EQ(said.size(), step == 13 * 17 ? 2u : 0u) << step;  // the second from 200 on
    EXPECT_EQ(values.size(), 2u);
  }
}

TEST(GameGuard, SpeaksAgainAfterTwoGoodValidations) {
  Player model(player(0.01, 0), kPlain);
  GameGuard guard(settings());
  const std::string course = "bbbgbbggbgbb";  // bad and good ones
  std::string spoken;
  for (const char one : course) {
    model.config = player(one == 'b' ? 0.01 : 1, 0);
    Values values;
    spoken += guard.look(model, points(kPlain), Scaling(), 1000, values).empty() ? '.' : '!';
  }
  EXPECT_EQ(spoken, ".!.........!");
}

TEST(GameGuard, SpeaksOnceOfEachAtTheSecondValidation) {
  Player model(player(0.01, 4), kPlain);
  GameGuard guard(settings());
  Values values;
  EXPECT_TRUE(guard.look(model, points(kPlain), Scaling(), 1000, values).empty());
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].first, "diversity");
  EXPECT_EQ(values[1].first, "doubt");
  const auto said = guard.look(model, points(kPlain), Scaling(), 1000, values);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0].rfind("the generator has lost modes: made examples are 0.01", 0), 0u)
      << said[0];
  EXPECT_NE(said[0].find("(model.r1)"), std::string::npos) << said[0];
  EXPECT_EQ(said[1].rfind("the discriminator has won: ", 0), 0u) << said[1];
  EXPECT_TRUE(guard.look(model, points(kPlain), Scaling(), 1000, values).empty());
}

TEST(GameGuard, IsSilentOverWhatIsOverAtTheNextValidation) {
  Player model(player(0.01, 4), kPlain);
  GameGuard guard(settings());
  Values values;
  for (const double spread : {0.01, 1.0, 0.01, 1.0}) {
    model.config = player(spread, spread == 1 ? 0 : 4);
    EXPECT_TRUE(guard.look(model, points(kPlain), Scaling(), 1000, values).empty());
  }
}

// From a whole run: sentences in log.txt, numbers in metrics.jsonl.
TEST(GameGuard, IsHeardInTheLog) {
  const testing::ScratchFolder scratch(testing::in_memory());
  Recipe recipe;
  recipe.family = "player";
  recipe.device = "cpu";
  recipe.threads = 1;
  recipe.data.source = "moons";
  recipe.data.size = 100;
  recipe.train.epochs = 6;
  recipe.train.batch_size = 1;
  recipe.train.picture_every = 0;
  recipe.train.checkpoint_every = 6;
  set_override(recipe.model, "spread=0.01");
  set_override(recipe.model, "sureness=4");
  TrainOptions options;
  options.quiet = true;
  const auto log_of = [&](const char* name) {
    options.folder = scratch / name;
    const auto out = train(kPlayer, recipe, options);
    EXPECT_GT(out.state.step, 400);
    return testing::slurp(options.folder / "log.txt");
  };
  const auto log = log_of("run");
  for (const std::string words :
       {"warning: the generator has lost modes", "warning: the discriminator has won"}) {
    const auto first = log.find(words);
    ASSERT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find(words, first + 1), std::string::npos) << log;
  }
  EXPECT_NE(testing::slurp(options.folder / "metrics.jsonl").find("\"validation/diversity\""),
            std::string::npos);
  // Without examples to look at it says so, once.
  recipe.data.validation = 0;
  const auto blind = log_of("blind");
  const std::string words = "warning: nobody watches whether the generator loses modes";
  const auto first = blind.find(words);
  ASSERT_NE(first, std::string::npos) << blind;
  EXPECT_EQ(blind.find(words, first + 1), std::string::npos) << blind;
}

}  // namespace
}  // namespace figment
