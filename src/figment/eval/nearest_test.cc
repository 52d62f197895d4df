#include "figment/eval/nearest.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

TEST(Nearest, AgreesWithEveryDistanceComputed) {
  torch::manual_seed(1);
  // Far from zero, where |q|^2 - 2 q.r + |r|^2 would cancel.
  const auto r = torch::randn({70, 5}) + 1000, q = torch::randn({13, 5}) + 1000;
  const auto all = (q.unsqueeze(1) - r.unsqueeze(0)).to(torch::kDouble).square().sum(2).sqrt();
  const auto [distance, index] = all.sort(1);
  const auto found = nearest(r, q, 4);
  EXPECT_TRUE(torch::equal(found.index, index.narrow(1, 0, 4)));
  EXPECT_TRUE(torch::allclose(found.distance.to(torch::kDouble), distance.narrow(1, 0, 4), 1e-3));
}

TEST(Nearest, LeavesOutItself) {
  torch::manual_seed(2);
  const auto x = torch::randn({40, 3});
  const auto found = nearest(x, x, 2, true);
  EXPECT_FALSE((found.index == torch::arange(40).unsqueeze(1)).any().item<bool>());
  EXPECT_TRUE(torch::equal(nearest(x, x, 3).index.narrow(1, 1, 2), found.index));
}

TEST(Knn, LetsTheNearestDecideATie) {
  const auto references = torch::tensor({0.0f, 1.0f, 2.5f, 3.0f}).unsqueeze(1);
  const auto classes = torch::tensor({1, 1, 0, 0}, torch::kLong);
  const auto queries = torch::tensor({0.9f, 2.9f, 1.9f}).unsqueeze(1);
  // Of the four neighbours two are of each class: the nearest are of 1, 0 and 0.
  EXPECT_EQ(knn_accuracy(references, classes, queries, torch::tensor({1, 0, 0}, torch::kLong), 4),
            1);
  EXPECT_NEAR(knn_accuracy(references, classes, queries, torch::tensor({0, 0, 0}, torch::kLong), 4),
              2.0 / 3, 1e-12);
}

TEST(Knn, LetsNoneVoteOnItself) {
  const auto references = torch::tensor({0.0f, 1.0f, 2.5f, 3.0f}).unsqueeze(1);
  const auto classes = torch::tensor({1, 0, 0, 1}, torch::kLong);
  const auto first = references.narrow(0, 0, 2), asked = classes.narrow(0, 0, 2);
  EXPECT_EQ(knn_accuracy(references, classes, first, asked, 1), 1);
  EXPECT_EQ(knn_accuracy(references, classes, first, asked, 1, /*exclude_self=*/true), 0);
  // Of four there are three others, however many are asked.
  EXPECT_EQ(knn_accuracy(references, classes, first, asked, 9, /*exclude_self=*/true), 0);
}

}  // namespace
}  // namespace figment
