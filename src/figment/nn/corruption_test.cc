#include "figment/nn/corruption.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"

namespace figment {
namespace {

CorruptionConfig config_of(Corruption kind, double amount) {
  CorruptionConfig config;
  config.kind = kind;
  config.amount = amount;
  return config;
}

double share(const torch::Tensor& which) { return which.to(torch::kDouble).mean().item<double>(); }

// Both ways of drawing, under one name.
std::vector<torch::Tensor> both(const CorruptionConfig& config, const torch::Tensor& x,
                                const Extremes& extremes = kPixels) {
  torch::manual_seed(3);
  Noise noise(5, 0, x.size(0));
  return {corrupt(config, x, extremes), corrupt(config, x, noise, extremes)};
}

TEST(Corruption, AddsNormalNoiseOfTheGivenDeviation) {
  const auto x = torch::full({400, 1, 20, 20}, 0.4);
  for (const auto& y : both(config_of(Corruption::kGaussian, 0.5), x)) {
    const auto d = (y - x).to(torch::kDouble);
    EXPECT_NEAR(d.mean().item<double>(), 0, 0.005);
    EXPECT_NEAR(d.std().item<double>(), 0.5, 0.005);
    // Not cut: below 0 lies Phi(-0.8).
    EXPECT_NEAR(share(y < 0), 0.2119, 0.005);
  }
}

TEST(Corruption, ClipsOnlyWhenAsked) {
  auto config = config_of(Corruption::kGaussian, 0.5);
  config.clip = true;
  for (const auto& y : both(config, torch::full({100, 40}, 0.4))) {
    EXPECT_EQ(y.min().item<float>(), 0);
    EXPECT_EQ(y.max().item<float>(), 1);
  }
}

TEST(Corruption, SaltAndPepperPutsEachExtremeInHalfOfTheShare) {
  const auto x = torch::full({400, 3, 10, 10}, 0.4);
  for (const auto& extremes : {kPixels, kStandardised})
    for (const auto& y : both(config_of(Corruption::kSaltAndPepper, 0.3), x, extremes)) {
      EXPECT_NEAR(share(y == extremes.low), 0.15, 0.005);
      EXPECT_NEAR(share(y == extremes.high), 0.15, 0.005);
      EXPECT_NEAR(share(y == x), 0.7, 0.007);
    }
  // A share of 1 leaves nothing as it was.
  for (const auto& y : both(config_of(Corruption::kSaltAndPepper, 1), x))
    EXPECT_EQ(share(y == x), 0);
}

TEST(Corruption, MaskingPutsZero) {
  const auto x = torch::full({400, 100}, 0.4);
  for (const auto& y : both(config_of(Corruption::kMasking, 0.25), x)) {
    EXPECT_NEAR(share(y == 0), 0.25, 0.007);
    EXPECT_NEAR(share(y == x), 0.75, 0.007);
  }
}

TEST(Corruption, HidesTheCentreOfAnImageAndOfARow) {
  const auto hidden = [](double amount, std::vector<int64_t> shape) {
    return corrupt(config_of(Corruption::kCentre, amount), torch::full(shape, 0.2)) == 0.5;
  };
  auto wanted = torch::zeros({2, 3, 8, 6}, torch::kBool);
  wanted.slice(2, 2, 6).slice(3, 1, 5).fill_(true);  // 1.5 of 6 columns on each side, rounded down
  EXPECT_TRUE(torch::equal(hidden(0.5, {2, 3, 8, 6}), wanted));
  EXPECT_EQ(share(hidden(1, {2, 1, 5, 5})), 1);
  EXPECT_EQ(share(hidden(0.5, {3, 8})), 0.5);
  EXPECT_EQ(share(hidden(0.5, {3, 8, 2})), 0.5);
}

TEST(Corruption, HidesABlockAnywhereOneAnExample) {
  const auto x = torch::full({600, 2, 8, 8}, 0.2);
  for (const auto& y : both(config_of(Corruption::kBlock, 0.5), x)) {
    const auto hidden = (y == 0.5).to(torch::kDouble);
    EXPECT_TRUE(torch::equal(hidden.select(1, 0), hidden.select(1, 1)));  // in all channels
    const auto rows = hidden.amax(3).sum({1, 2}) / 2, columns = hidden.amax(2).sum({1, 2}) / 2;
    EXPECT_TRUE((rows == 4).all().item<bool>() && (columns == 4).all().item<bool>());
    // Five places each way, all as likely.
    const auto corner = hidden.select(1, 0).select(1, 0).select(1, 0);
    EXPECT_NEAR(share(corner > 0), 1 / 25.0, 0.025);
    const auto middle = hidden.select(1, 0).select(1, 4).select(1, 3);
    EXPECT_NEAR(share(middle > 0), 16 / 25.0, 0.06);
  }
}

TEST(Corruption, HidesWhatIsNotKnownAsInTraining) {
  const auto x = torch::rand({2, 1, 2, 2});
  const auto known = torch::tensor({{1.0F, 0.0F}, {1.0F, 1.0F}}).view({1, 1, 2, 2});
  EXPECT_TRUE(torch::equal(hide(config_of(Corruption::kBlock, 0.5), x, known),
                           x * known + 0.5 * (1 - known)));
  EXPECT_TRUE(torch::equal(hide(config_of(Corruption::kMasking, 0.5), x, known), x * known));
  try {
    hide(config_of(Corruption::kGaussian, 0.5), x, known);
    FAIL() << "a model that never saw anything hidden was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find("fill in what is hidden"), std::string::npos);
  }
}

TEST(Corruption, LeavesItsInputAlone) {
  for (const auto kind : {Corruption::kNone, Corruption::kGaussian, Corruption::kSaltAndPepper,
                          Corruption::kMasking, Corruption::kCentre, Corruption::kBlock}) {
    const auto x = torch::rand({8, 6});
    const auto before = x.clone();
    for (const auto& y : both(config_of(kind, 0.5), x))
      EXPECT_EQ(torch::equal(y, before), kind == Corruption::kNone) << name_of_enum(kind);
    EXPECT_TRUE(torch::equal(x, before));
  }
}

TEST(Corruption, BelongsToTheExampleNotToTheBatch) {
  for (const auto kind : {Corruption::kGaussian, Corruption::kSaltAndPepper, Corruption::kMasking,
                          Corruption::kBlock}) {
    const auto config = config_of(kind, 0.5);
    const auto x = torch::rand({10, 2, 5, 5});
    Noise all(9, 0, 10), first(9, 0, 4), rest(9, 4, 6);
    const auto whole = corrupt(config, x, all);
    const auto parts = torch::cat(
        {corrupt(config, x.narrow(0, 0, 4), first), corrupt(config, x.narrow(0, 4, 6), rest)});
    EXPECT_TRUE(torch::equal(whole, parts)) << name_of_enum(kind);
  }
}

TEST(Corruption, RefusesAShareAboveOne) {
  for (const auto kind : {Corruption::kSaltAndPepper, Corruption::kMasking, Corruption::kCentre,
                          Corruption::kBlock, Corruption::kGaussian}) {
    Problems problems;
    config_of(kind, 1.5).check({problems, "model.corruption", nullptr});
    if (kind == Corruption::kGaussian) {
      EXPECT_TRUE(problems.empty());
      continue;
    }
    ASSERT_EQ(problems.lines().size(), 1u);
    EXPECT_NE(problems.lines()[0].find("model.corruption.amount: expected a share in [0, 1]"),
              std::string::npos)
        << problems.lines()[0];
  }
}

}  // namespace
}  // namespace figment
