#include "figment/apply/use.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "figment/apply/code_space.h"
#include "figment/apply/latent.h"
#include "figment/apply/section_page_test.h"
#include "figment/core/testing.h"
#include "figment/data/padding.h"

namespace figment {
namespace {

using testing::outcome_of;

LoadedRun run_of_stacked(const char* beside) {
  return toys::made("stacked", {Modality::kVector, {6}, {"a", "b"}, {}},
                    {"hidden=[4, 2]", "target=labels", beside});
}

TEST(Use, AsksNoDecoderThatTheEncoderLeftBehind) {
  const auto set = toys::vectors(torch::randn({5, 6}), {0, 1, 0, 1, 0}, {"a", "b"});
  const auto codes = torch::randn({5, 2});
  const auto learned = run_of_stacked("beside=true"), stale = run_of_stacked("beside=false");
  EXPECT_EQ(reconstruct(learned, set).size(0), 5);
  EXPECT_EQ(decode(learned, codes).size(0), 5);
  EXPECT_EQ(CodeSpace(learned, "traverse").width(), 2);
  EXPECT_TRUE(has_manifold(*learned.model));
  EXPECT_EQ(encode(stale, set).size(0), 5);
  EXPECT_FALSE(has_manifold(*stale.model));
  const std::vector<std::function<void()>> asked = {[&] { reconstruct(stale, set); },
                                                    [&] { decode(stale, codes); },
                                                    [&] { CodeSpace(stale, "traverse"); }};
  for (const auto& ask : asked) {
    const auto outcome = outcome_of(ask);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.message.find("train anew with model.beside=true"), std::string::npos)
        << outcome.message;
  }
}

// As the run's own data, or laid over them, by a model that never heard of data.masking.
TEST(Use, OpensNoSeriesThatEndEarlyForAModelThatDoesNotKnowWhere) {
  const testing::ScratchFolder folder;
  testing::spill(folder / "early.csv", "1,2,3\n4\n5,6\n");
  auto run = toys::made("autoencoder", {Modality::kSeries, {3, 1}, {}, {}}, {"latent_dim=1"});
  auto& data = run.recipe.data;
  data.source = (folder / "early.csv").string();
  data.series = data.masking = true;
  data.validation = data.test = 0;
  const auto outcome = outcome_of([&] { open_part(run, "train"); });
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.message.find("expected a family that knows where series end"),
            std::string::npos)
      << outcome.message;
  run.model = toys::made("recurrent", {Modality::kSeries, {3, 1}, {}, {}}, {"hidden=2"}).model;
  EXPECT_EQ(open_part(run, "train").size(), 3);
}

TEST(CodeSpace, SeesNothingBehindTheEndOfSeries) {
  auto run = toys::made("recurrent", {Modality::kSeries, {3, 1}, {}, {}}, {"hidden=2"});
  Dataset set;
  set.spec = run.example();
  set.x = torch::tensor({{4.F, 6.F, 0.F}, {5.F, 7.F, 9.F}}).unsqueeze(2);
  set.length = torch::tensor({2, 3}, torch::kLong);
  run.scaling = Scaling::fit(set, ScalingKind::kStandard);
  EXPECT_EQ(in_model_numbers(run, set)[0][2][0].item<float>(), 0);
}

}  // namespace
}  // namespace figment
