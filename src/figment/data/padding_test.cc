#include "figment/data/padding.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

TEST(Padding, IsNothingToWhatScalesRowsWithoutTheirLengths) {
  Dataset set;
  set.name = "series";
  set.spec = {Modality::kSeries, {3, 1}, {}, {}};
  set.x = torch::tensor({{11.F, 13.F, 0.F}, {15.F, 17.F, 19.F}}).unsqueeze(2);
  set.length = torch::tensor({2, 3}, torch::kLong);
  const auto scaling = Scaling::fit(set, ScalingKind::kStandard);
  const auto seen = scaling.to_model(padded_for(scaling, set));
  EXPECT_TRUE(torch::equal(seen, to_model(scaling, set.x, set.length)));
  EXPECT_EQ(seen[0][2][0].item<float>(), 0);
  EXPECT_NE(scaling.to_model(set.x)[0][2][0].item<float>(), 0);
  set.length = torch::Tensor();
  EXPECT_TRUE(padded_for(scaling, set).is_same(set.x));
}

}  // namespace
}  // namespace figment
