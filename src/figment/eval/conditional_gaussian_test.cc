#include "figment/eval/conditional_gaussian.h"

#include <gtest/gtest.h>

namespace figment {
namespace {

// Linear and Gaussian: the hidden half is a matrix times the known half, plus noise, so that the
// best guess is known and leaves nothing but the noise.
TEST(ConditionalGaussian, FindsThePlantedMap) {
  torch::manual_seed(1);
  const auto map = torch::randn({3, 4});
  const auto draw = [&](int64_t n) {
    const auto known = torch::randn({n, 3}) + 2;
    const auto hidden = known.mm(map) - 1 + 0.1 * torch::randn({n, 4});
    return torch::cat({hidden.narrow(1, 0, 2), known, hidden.narrow(1, 2, 2)}, 1);
  };
  const auto known = torch::tensor({0, 0, 1, 1, 1, 0, 0});
  const ConditionalGaussian gaussian(draw(20000), known);
  const auto x = draw(5000);
  const auto filled = gaussian.complete(x);
  EXPECT_TRUE(torch::allclose(filled.narrow(1, 2, 3), x.narrow(1, 2, 3), 1e-5, 1e-6));
  const auto best = x.narrow(1, 2, 3).mm(map) - 1;
  EXPECT_LT((filled.narrow(1, 0, 2) - best.narrow(1, 0, 2)).abs().max().item<double>(), 0.05);
  EXPECT_NEAR((filled.narrow(1, 5, 2) - x.narrow(1, 5, 2)).square().mean().item<double>(), 0.01,
              0.001);
}

TEST(ConditionalGaussian, NeverLooksAtWhatIsHiddenAndKeepsShapes) {
  torch::manual_seed(2);
  auto known = torch::ones({2, 3, 3});
  known.slice(1, 1, 2).zero_();
  const ConditionalGaussian gaussian(torch::rand({40, 2, 3, 3}), known);
  const auto x = torch::rand({5, 2, 3, 3});
  const auto filled = gaussian.complete(x);
  EXPECT_EQ(filled.sizes(), x.sizes());
  EXPECT_TRUE(torch::equal(gaussian.complete(x * known), filled));
}

// Fewer examples than elements, and elements that never vary, as the border of a digit.
TEST(ConditionalGaussian, IsFiniteWhereTheCovarianceHasNoInverse) {
  torch::manual_seed(3);
  auto training = torch::rand({5, 12});
  training.narrow(1, 0, 4).zero_();
  auto known = torch::ones({12});
  known.narrow(0, 3, 5).zero_();
  const auto filled = ConditionalGaussian(training, known).complete(torch::rand({3, 12}));
  EXPECT_TRUE(filled.isfinite().all().item<bool>());
  EXPECT_LT(filled.select(1, 3).abs().max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace figment
