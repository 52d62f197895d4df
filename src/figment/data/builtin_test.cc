// Built-in data by name.
#include "figment/data/builtin.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "figment/core/error.h"

namespace figment {
namespace {

TEST(Builtin, EveryNameIsMadeAndNoneTwice) {
  std::set<std::string> seen;
  BuiltinOptions options;
  options.n_train = 30;
  options.n_test = 20;
  options.image_size = 12;
  for (const auto& card : builtins()) {
    EXPECT_TRUE(seen.insert(card.name).second) << card.name;
    EXPECT_FALSE(std::string(card.description).empty());
    const auto source = builtin(card.name, options);
    ASSERT_TRUE(source.has_value()) << card.name;
    EXPECT_EQ(source->train.name, card.name);
    EXPECT_EQ(source->train.size(), 30);
    EXPECT_EQ(source->test->size(), 20);
  }
  EXPECT_TRUE(seen.count("digits"));
  EXPECT_TRUE(seen.count("8gaussians"));
  EXPECT_EQ(builtin("digits", options)->train.spec.text(), "image 1x12x12, 10 classes");
}

TEST(Builtin, PassesTheSeedOn) {
  BuiltinOptions one, two;
  one.n_train = two.n_train = 30;
  one.n_test = two.n_test = 0;
  two.seed = 1;
  for (const auto& card : builtins()) {
    EXPECT_FALSE(torch::equal(builtin(card.name, one)->train.x, builtin(card.name, two)->train.x));
    EXPECT_FALSE(builtin(card.name, one)->test.has_value());
  }
}

TEST(Builtin, KnowsNoOtherNames) {
  EXPECT_FALSE(builtin("mnist").has_value());
  EXPECT_FALSE(builtin("").has_value());
}

TEST(Builtin, RefusesOptionsOutOfRange) {
  BuiltinOptions options;
  options.image_size = 4;
  EXPECT_THROW(builtin("digits", options), Error);
  options.n_train = 0;
  EXPECT_THROW(builtin("moons", options), Error);
}

}  // namespace
}  // namespace figment
