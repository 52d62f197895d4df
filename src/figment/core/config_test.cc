#include "figment/core/config.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "figment/core/error.h"
#include "figment/core/toml.h"

namespace figment {
namespace {

enum class Network { kMlp, kConv };
constexpr auto enum_names(Network) {
  return std::array{EnumName<Network>{"mlp", Network::kMlp},
                    EnumName<Network>{"conv", Network::kConv}};
}

struct Inner {
  double rate = 1e-3;
  bool fast = false;
  static constexpr auto fields() {
    return std::tuple{Field{"rate", &Inner::rate, "Rate.", Above{0}},
                      Field{"fast", &Inner::fast, "Whether to hurry."}};
  }
};

struct Outer {
  std::int64_t latent_dim = 2;
  std::vector<std::int64_t> hidden = {256, 64};
  Network network = Network::kMlp;
  std::string name = "a \"b\"";
  std::uint64_t seed = 1;
  Inner inner;
  Value model;
  static constexpr auto fields() {
    using C = Outer;
    return std::tuple{Field{"latent_dim", &C::latent_dim, "Width of the code.", Within{1, 1000}},
                      Field{"hidden", &C::hidden, "Widths.", AtLeast{1}},
                      Field{"network", &C::network, "Which network."},
                      Field{"name", &C::name, "Name."},
                      Field{"seed", &C::seed, "Seed."},
                      Field{"inner", &C::inner, "More."},
                      Field{"model", &C::model, "Raw."}};
  }
  void check(const Problems::Scope& scope) const {
    if (latent_dim > hidden.front()) scope.add("latent_dim", "wider than the first hidden layer");
  }
};

std::vector<std::string> problems_of(const std::string& toml) {
  Problems problems;
  read_config<Outer>(parse_toml(toml, "a.toml"), "m", problems);
  return problems.lines();
}

TEST(Config, ReadsEveryType) {
  Problems problems;
  const auto c = read_config<Outer>(
      parse_toml("latent_dim = 3\nhidden = [8, 4]\nnetwork = 'conv'\nname = 'é'\nseed = 9\n"
                 "[inner]\nrate = 1\nfast = true\n[model]\nx = 1\n",
                 "a.toml"),
      "", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(c.latent_dim, 3);
  EXPECT_EQ(c.hidden, (std::vector<std::int64_t>{8, 4}));
  EXPECT_EQ(c.network, Network::kConv);
  EXPECT_EQ(c.name, "é");
  EXPECT_EQ(c.seed, 9u);
  EXPECT_EQ(c.inner.rate, 1.0);
  EXPECT_TRUE(c.inner.fast);
  EXPECT_NE(c.model.find("x"), nullptr);
}

TEST(Config, TellsEveryProblemWithItsPlace) {
  const auto lines = problems_of(
      "latnet_dim = 3\nhidden = [8, 0]\nnetwork = 'cnov'\nname = 4\nseed = -1\n"
      "latent_dim = 1.5\n[inner]\nrate = 0.0\nfast = 'yes'\n");
  const std::vector<std::string> expected = {
      "a.toml:6:14: m.latent_dim: expected an integer, got the number 1.5",
      "a.toml:2:10: m.hidden[1]: expected at least 1, got 0",
      "a.toml:3:11: m.network: expected one of mlp, conv, got the text 'cnov'; did you mean "
      "'conv'?",
      "a.toml:4:8: m.name: expected text, got the integer 4",
      "a.toml:5:8: m.seed: expected an integer of its range, got the integer -1",
      "a.toml:8:8: m.inner.rate: expected more than 0, got 0.0",
      "a.toml:9:8: m.inner.fast: expected true or false, got the text 'yes'",
      "a.toml:1:1: m.latnet_dim: unknown key; did you mean 'latent_dim'?"};
  EXPECT_EQ(lines, expected);
}

TEST(Config, ChecksFieldsTogetherAndRefusesWrongShapes) {
  EXPECT_EQ(
      problems_of("latent_dim = 300"),
      std::vector<std::string>{"a.toml:1:14: m.latent_dim: wider than the first hidden layer"});
  EXPECT_EQ(problems_of("inner = 3"),
            std::vector<std::string>{"a.toml:1:9: m.inner: expected a table, got the integer 3"});
  EXPECT_EQ(problems_of("hidden = 3"),
            std::vector<std::string>{
                "a.toml:1:10: m.hidden: expected an array such as [256, 64], got the integer 3"});
  EXPECT_EQ(problems_of("inner = {rate = inf}"),
            std::vector<std::string>{
                "a.toml:1:17: m.inner.rate: expected a finite number, got the number inf"});
}

TEST(Config, ThrowsAllAtOnce) {
  Problems problems;
  read_config<Outer>(parse_toml("a = 1\nb = 2\n", "a.toml"), "", problems);
  try {
    problems.throw_if_any();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_STREQ(error.what(),
                 "2 problems in the configuration\n  a.toml:1:1: a: unknown key\n"
                 "  a.toml:2:1: b: unknown key");
  }
}

TEST(Config, WritesWhatItReads) {
  Outer c;
  c.hidden = {3, 2, 1};
  c.inner.rate = 0.1;
  c.name = "tab\tquote\"back\\slash\nnewline \x01 é";
  set_override(c.model, "optimizer.learning_rate=0.5");
  const auto text = config_toml(c, "");
  Problems problems;
  const auto again = read_config<Outer>(parse_toml(text, "b.toml"), "", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(config_toml(again, ""), text);
  EXPECT_EQ(again.name, c.name);
  EXPECT_EQ(again.inner.rate, 0.1);
}

TEST(Config, ExplainsItselfAsAFileThatReadsAsTheDefaults) {
  const auto text = explain_config<Outer>("");
  EXPECT_NE(text.find("# Width of the code. (a value within [1, 1000])\nlatent_dim = 2\n"),
            std::string::npos);
  EXPECT_NE(text.find("# Which network. One of mlp, conv.\nnetwork = \"mlp\"\n"),
            std::string::npos);
  Problems problems;
  const auto c = read_config<Outer>(parse_toml(text, "c.toml"), "", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(config_toml(c, ""), config_toml(Outer{}, ""));
}

TEST(Config, HasASchema) {
  const auto schema = config_schema<Outer>();
  EXPECT_EQ(schema["properties"]["latent_dim"]["minimum"], 1.0);
  EXPECT_EQ(schema["properties"]["latent_dim"]["default"], 2);
  EXPECT_EQ(schema["properties"]["network"]["enum"][1], "conv");
  EXPECT_EQ(schema["properties"]["hidden"]["items"]["type"], "integer");
  EXPECT_EQ(schema["properties"]["inner"]["properties"]["rate"]["type"], "number");
  EXPECT_EQ(schema["additionalProperties"], false);
}

struct Layers {
  std::vector<Inner> layers = {{0.5, true}};
  static constexpr auto fields() {
    return std::tuple{Field{"layers", &Layers::layers, "Of each layer."}};
  }
};

TEST(Config, TakesAListOfStructs) {
  EXPECT_EQ(config_schema<Layers>()["properties"]["layers"]["default"],
            nlohmann::json::parse(R"([{"rate": 0.5, "fast": true}])"));
  Value value;
  set_override(value, "layers=[{rate=2.0}, {fast=true}]");
  Problems problems;
  const auto read = read_config<Layers>(value, "", problems);
  ASSERT_TRUE(problems.empty());
  ASSERT_EQ(read.layers.size(), 2u);
  EXPECT_EQ(read.layers[0].rate, 2);
  EXPECT_TRUE(read.layers[1].fast);
  set_override(value, "layers=[{rate=-2.0}]");
  read_config<Layers>(value, "", problems);
  ASSERT_EQ(problems.lines().size(), 1u);
  EXPECT_NE(problems.lines()[0].find("rate: expected"), std::string::npos) << problems.lines()[0];
}

TEST(Override, ReadsTomlAndPlainText) {
  Value root;
  for (const auto* word : {"a.b=3", "a.c=0.5", "a.d=true", "a.e=[1, 2]", "a.f=mnist", "a.g=\"x y\"",
                           "a.h=", "a.b=4", "a.i=2020-01-01", "a.j=x=y"})
    set_override(root, word);
  EXPECT_EQ(toml_inline(root),
            "{a = {b = 4, c = 0.5, d = true, e = [1, 2], f = \"mnist\", g = \"x y\", h = \"\", "
            "i = \"2020-01-01\", j = \"x=y\"}}");
}

TEST(Override, RefusesWhatIsNone) {
  for (const auto* word : {"latent_dim", "=3", "a..b=3", ".a=3", "a.=1"}) {
    Value root;
    EXPECT_THROW(set_override(root, word), Error) << word;
  }
  Value root;
  set_override(root, "a=3");
  EXPECT_THROW(set_override(root, "a.b=3"), Error);
}

}  // namespace
}  // namespace figment
