#include "figment/train/prepare.h"

#include <gtest/gtest.h>

#include "figment/core/testing.h"
#include "figment/model/families.h"
#include "figment/model/knows_lengths.h"

namespace figment {
namespace {

using testing::outcome_of;
using testing::ScratchFolder;

TEST(Prepare, LetsOnlyWhoKnowsWhereSeriesEndLearnFromThem) {
  const ScratchFolder folder;
  testing::spill(folder / "early.csv", "1,2,3\n4\n5,6\n7,8,9\n");
  Recipe recipe;
  recipe.device = "cpu";
  recipe.threads = 1;
  recipe.data.source = (folder / "early.csv").string();
  recipe.data.series = recipe.data.masking = true;
  const auto prepared = [&](const char* family) {
    recipe.family = family;
    return outcome_of([&] { prepare(family_named(family, "test"), recipe, {}); });
  };
  const auto refused = prepared("autoencoder");
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.message.find("[data.masking] expected a family that knows where series end ("),
            std::string::npos)
      << refused.message;
  EXPECT_NE(refused.message.find("got 'autoencoder'"), std::string::npos);
  // Those that it names instead are not refused.
  const auto able = families_that_know_lengths();
  ASSERT_FALSE(able.empty());
  for (const auto& name : able) {
    EXPECT_NE(refused.message.find(name), std::string::npos);
    EXPECT_EQ(prepared(name.c_str()).message, "");
  }
  // Whole series are for all.
  testing::spill(folder / "early.csv", "1,2,3\n4,5,6\n7,8,9\n");
  recipe.data.masking = false;
  EXPECT_EQ(prepared("autoencoder").message, "");
}

}  // namespace
}  // namespace figment
