#include "figment/eval/ranking.h"

#include <gtest/gtest.h>

#include <limits>

#include "golden/golden.h"

namespace figment {
namespace {

torch::Tensor doubles(const nlohmann::json& list) {
  return torch::tensor(flat<double>(list), torch::kDouble);
}

TEST(Ranking, AgreesWithScikitLearn) {
  const auto cases = golden("anomaly")["ranking"];
  ASSERT_EQ(cases.size(), 6u);
  for (const auto& one : cases) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const auto scores = doubles(one["scores"]);
    const auto positive = torch::tensor(flat<int64_t>(one["positive"])).to(torch::kBool);
    EXPECT_NEAR(auroc(scores, positive), one["auroc"].get<double>(), 1e-12);
    EXPECT_NEAR(average_precision(scores, positive), one["average_precision"].get<double>(), 1e-12);
    const auto curve = roc_curve(scores, positive);
    const auto x = flat<double>(one["false_positive"]), y = flat<double>(one["true_positive"]);
    ASSERT_EQ(curve.false_positive.size(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(curve.false_positive[i], x[i], 1e-12);
      EXPECT_NEAR(curve.true_positive[i], y[i], 1e-12);
    }
    const auto threshold = quantile_of(scores.masked_select(positive.logical_not()), 0.95);
    EXPECT_NEAR(threshold, one["threshold"].get<double>(), 1e-12);
    const auto flagging = flag_above(scores, positive, threshold);
    EXPECT_NEAR(flagging.precision, one["precision"].get<double>(), 1e-12);
    EXPECT_NEAR(flagging.recall, one["recall"].get<double>(), 1e-12);
    EXPECT_NEAR(flagging.f1, one["f1"].get<double>(), 1e-12);
  }
}

TEST(Ranking, QuantilesAreNumPys) {
  const auto golden_quantiles = golden("anomaly")["quantiles"];
  const auto shares = flat<double>(golden_quantiles["shares"]);
  const auto wanted = flat<double>(golden_quantiles["result"]);
  for (std::size_t i = 0; i < shares.size(); ++i)
    EXPECT_NEAR(quantile_of(doubles(golden_quantiles["values"]), shares[i]), wanted[i], 1e-12);
}

TEST(Ranking, DependsOnTheOrderAlone) {
  torch::manual_seed(1);
  const auto scores = torch::randn({500}, torch::kDouble);
  const auto positive = (scores + torch::randn({500}, torch::kDouble)) > 1;
  const auto area = auroc(scores, positive);
  EXPECT_NEAR(auroc(scores.exp() + 7, positive), area, 1e-12);
  EXPECT_NEAR(auroc(-scores, positive), 1 - area, 1e-12);
  EXPECT_GT(area, 0.7);
}

TEST(Ranking, RanksInfiniteScores) {
  const auto infinity = std::numeric_limits<double>::infinity();
  const auto scores = torch::tensor({1.0, infinity, infinity, 2.0}, torch::kDouble);
  const auto positive = torch::tensor({0, 1, 1, 0}).to(torch::kBool);
  EXPECT_EQ(auroc(scores, positive), 1);
  EXPECT_EQ(quantile_of(scores, 1), infinity);
  EXPECT_EQ(flag_above(scores, positive, 2).f1, 1);
}

TEST(Ranking, IsNoNumberWithoutBothKinds) {
  const auto scores = torch::tensor({1.0, 2.0}, torch::kDouble);
  EXPECT_TRUE(std::isnan(auroc(scores, torch::ones({2}, torch::kBool))));
  EXPECT_TRUE(std::isnan(auroc(scores, torch::zeros({2}, torch::kBool))));
  EXPECT_TRUE(std::isnan(average_precision(scores, torch::zeros({2}, torch::kBool))));
  EXPECT_EQ(flag_above(scores, torch::zeros({2}, torch::kBool), 5).f1, 0);
}

}  // namespace
}  // namespace figment
