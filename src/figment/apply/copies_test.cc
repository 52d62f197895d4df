#include "figment/apply/copies.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

TEST(Copies, FindsAPlantedCopyAndNotWhatIsNew) {
  torch::manual_seed(1);
  const auto training = torch::randn({500, 10}), held_out = torch::randn({400, 10});
  auto queries = torch::randn({300, 10});
  for (int64_t i = 0; i < 30; ++i) queries[i] = training[7 * i] + 0.001 * torch::randn({10});
  const auto found = judge_nearness(training, queries, held_out, 3);
  EXPECT_EQ(found.neighbours.index.sizes().vec(), (std::vector<int64_t>{300, 3}));
  for (int64_t i = 0; i < 30; ++i) {
    EXPECT_EQ(found.neighbours.index[i][0].item<int64_t>(), 7 * i);
    EXPECT_EQ(found.rank[i].item<double>(), 0);
  }
  // A tenth is copied, and of the rest about a hundredth is as near by chance.
  EXPECT_NEAR(found.judgement.nearer, 0.11, 0.02);
  EXPECT_NEAR(found.judgement.singular, 0.11, 0.02);
  EXPECT_NEAR(found.judgement.held_out_nearer, 0.01, 0.02);
  EXPECT_NEAR(found.judgement.median / found.judgement.held_out_median, 1, 0.05);
}

// What lies in the middle of all is near to many, and a copy of none.
TEST(Copies, TellsTheSmoothFromTheCopied) {
  torch::manual_seed(2);
  const auto training = torch::randn({500, 30}), held_out = torch::randn({400, 30});
  const auto found = judge_nearness(training, 0.1 * torch::randn({100, 30}), held_out, 1);
  EXPECT_GT(found.judgement.nearer, 0.9);
  EXPECT_LT(found.judgement.singular, 0.05);
  EXPECT_EQ(found.neighbours.index.size(1), 1);
}

TEST(Copies, LeavesOutTheQueryItself) {
  torch::manual_seed(3);
  const auto training = torch::randn({50, 4}), held_out = torch::randn({40, 4});
  const auto own = torch::tensor({7, 30}, torch::kLong);
  const auto queries = training.index_select(0, own);
  EXPECT_EQ(judge_nearness(training, queries, held_out, 3).judgement.median, 0);
  const auto found = judge_nearness(training, queries, held_out, 3, own);
  EXPECT_EQ(found.neighbours.index.size(1), 3);
  EXPECT_FALSE((found.neighbours.index == own.unsqueeze(1)).any().item<bool>());
  EXPECT_GT(found.judgement.median, 0);
  // Cut to what there is beside the query.
  const auto few = judge_nearness(training.narrow(0, 0, 3), training.narrow(0, 1, 1), held_out, 9,
                                  torch::tensor({1}, torch::kLong));
  EXPECT_EQ(few.neighbours.index.size(1), 2);
}

TEST(Copies, RanksAmongHeldOutExamples) {
  const auto training = torch::tensor({{0.0F}, {100.0F}});
  const auto held_out = torch::tensor({{1.0F}, {2.0F}, {3.0F}, {96.0F}});
  const auto found = judge_nearness(training, torch::tensor({{2.5F}, {50.0F}}), held_out, 9);
  EXPECT_EQ(found.neighbours.index.size(1), 2);
  EXPECT_DOUBLE_EQ(found.rank[0].item<double>(), 0.5);
  EXPECT_DOUBLE_EQ(found.rank[1].item<double>(), 1);
}

}  // namespace
}  // namespace figment
