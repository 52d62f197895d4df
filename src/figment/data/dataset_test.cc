#include "figment/data/dataset.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

TEST(Dataset, SelectsAndCuts) {
  Dataset set;
  set.spec = {Modality::kVector, {2}, {"a", "b"}};
  set.x = torch::arange(10, torch::kFloat).view({5, 2});
  set.label = torch::tensor({0, 1, 0, 1, 0}, torch::kLong);
  const auto some = set.select(torch::tensor({3, 0}, torch::kLong));
  EXPECT_TRUE(torch::equal(some.x, torch::tensor({{6.f, 7.f}, {0.f, 1.f}})));
  EXPECT_TRUE(torch::equal(some.label, torch::tensor({1, 0}, torch::kLong)));
  EXPECT_EQ(set.first(3).size(), 3);
  EXPECT_EQ(set.first(99).size(), 5);
  EXPECT_EQ(set.spec.text(), "vector 2, 2 classes");
  EXPECT_EQ(set.spec.elements(), 2);
}

}  // namespace
}  // namespace figment
