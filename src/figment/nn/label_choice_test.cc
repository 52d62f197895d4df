#include "figment/nn/label_choice.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"

namespace figment {
namespace {

const std::vector<std::string> kClasses = {"a", "b", "c"};

struct Examples {
  torch::Tensor x, label;  // [n, 12], [n]
};

Examples clouds(int64_t n) {
  torch::manual_seed(3);
  const auto label = torch::arange(n) % 3;
  return {torch::randn({3, 12}).index_select(0, label) + 0.3 * torch::randn({n, 12}), label};
}

TEST(LabelChoice, IsBalancedAndKnowsNoBatches) {
  const auto batch = clouds(200);
  const auto choose = [&](const torch::Tensor& order, int64_t size) {
    LabelChoice choice(11, 3, 12);
    for (const auto& rows : order.split(size))
      choice.offer(batch.x.index_select(0, rows), batch.label.index_select(0, rows));
    choice.conclude(kClasses);
    return choice;
  };
  const auto one = choose(torch::arange(200), 200);
  EXPECT_TRUE(torch::equal(one.label, torch::tensor({0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2})));
  const auto twice = torch::cat({torch::randperm(200), torch::randperm(200)});
  const auto other = choose(twice, 7);
  EXPECT_TRUE(torch::equal(one.label, other.label));
  EXPECT_TRUE(torch::equal(one.x, other.x));
  // They are examples, each with its own label, and no two the same.
  for (int64_t i = 0; i < 11; ++i) {
    const auto same = (batch.x == one.x[i]).all(1);
    ASSERT_EQ(same.sum().item<int64_t>(), 1);
    EXPECT_EQ(batch.label[same.nonzero()[0][0]].item<int64_t>(), one.label[i].item<int64_t>());
    EXPECT_EQ((one.x == one.x[i]).all(1).sum().item<int64_t>(), 1);
  }
}

TEST(LabelChoice, RefusesAClassOfTooFew) {
  const auto batch = clouds(7);  // 3, 2 and 2
  LabelChoice choice(9, 3, 12);
  choice.offer(batch.x, batch.label);
  try {
    choice.conclude(kClasses);
    FAIL() << "two examples were taken for three";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("expected 3 labelled examples of class 'b'"),
              std::string::npos)
        << error.what();
  }
}

// Those and no others are known again, in any batch.
TEST(LabelChoice, KnowsItsOwn) {
  const auto batch = clouds(90);
  LabelChoice choice(12, 3, 12);
  choice.offer(batch.x, batch.label);
  choice.conclude(kClasses);
  const auto chosen = choice.has(batch.x);
  EXPECT_EQ(chosen.sum().item<int64_t>(), 12);
  const auto own = choice.x.index_select(0, torch::randperm(12));
  EXPECT_TRUE(choice.has(own).all().item<bool>());
  EXPECT_FALSE(choice.has(own + 1e-3).any().item<bool>());
  for (int64_t i = 0; i < 90; ++i)
    EXPECT_EQ(chosen[i].item<bool>(), (choice.x == batch.x[i]).all(1).any().item<bool>());
}

}  // namespace
}  // namespace figment
