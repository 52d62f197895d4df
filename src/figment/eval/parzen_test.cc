#include "figment/eval/parzen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "figment/data/reader.h"
#include "figment/eval/k_means.h"
#include "golden/golden.h"

namespace figment {
namespace {

torch::Tensor matrix(const nlohmann::json& list, int64_t rows) {
  return torch::tensor(flat<double>(list), torch::kDouble).view({rows, -1});
}

TEST(Parzen, AgreesWithSciPy) {
  const auto file = golden("parzen");
  const auto centres = matrix(file["centres"], 20).to(torch::kFloat);
  const auto x = matrix(file["x"], 8).to(torch::kFloat);
  const auto sigmas = flat<double>(file["sigmas"]);
  const auto wanted = matrix(file["log_density"], static_cast<int64_t>(sigmas.size()));
  EXPECT_TRUE(torch::allclose(parzen_log_density(centres, x, sigmas), wanted, 1e-5, 1e-4));
  // Far from zero too, as far as float32 can tell the numbers apart there.
  EXPECT_TRUE(torch::allclose(parzen_log_density(centres + 100, x + 100, {sigmas.back()})[0],
                              wanted[wanted.size(0) - 1], 1e-3, 1e-2));
  const auto chosen = fit_parzen(centres, x, x);
  EXPECT_NEAR(chosen.sigma, file["best_sigma"].get<double>(), 1e-12);
  EXPECT_NEAR(chosen.mean, file["best_mean"].get<double>(), 1e-3);
  EXPECT_NEAR(chosen.standard_error, file["best_standard_error"].get<double>(), 1e-3);
}

TEST(Parzen, IsANormalForOneCentre) {
  const auto x = torch::tensor({{1.0f, 2.0f}});
  const auto value =
      parzen_log_density(torch::tensor({{1.0f, 0.0f}}), x, {0.5})[0][0].item<double>();
  EXPECT_NEAR(value, -std::log(2 * M_PI * 0.25) - 4 / (2 * 0.25), 1e-5);
}

// It is a density: it sums to 1.
TEST(Parzen, SumsToOne) {
  torch::manual_seed(1);
  const auto centres = torch::rand({9, 1});
  const auto line = torch::linspace(-3, 4, 7001).unsqueeze(1);
  for (const double sigma : {0.1, 0.4}) {
    const auto density = parzen_log_density(centres, line, {sigma})[0].exp();
    EXPECT_NEAR(density.sum().item<double>() * 0.001, 1, 1e-4);
  }
}

TEST(Parzen, ChoosesItsWidth) {
  const auto sigmas = parzen_sigmas();
  ASSERT_EQ(sigmas.size(), 10u);
  EXPECT_NEAR(sigmas.front(), 0.1, 1e-12);
  EXPECT_NEAR(sigmas.back(), 1, 1e-12);
  EXPECT_NEAR(sigmas[4] * sigmas[4], sigmas[3] * sigmas[5], 1e-12);
  // Examples around the only centre with a deviation of one of them.
  torch::manual_seed(2);
  const auto centre = torch::zeros({1, 50});
  const auto held = sigmas[6] * torch::randn({400, 50}), test = sigmas[6] * torch::randn({400, 50});
  const auto one = fit_parzen(centre, held, test);
  EXPECT_EQ(one.sigma, sigmas[6]);
  EXPECT_FALSE(one.at_the_edge);
  // The negative entropy of that normal.
  EXPECT_NEAR(one.mean, -25 * (std::log(2 * M_PI * sigmas[6] * sigmas[6]) + 1), 1.5);
  EXPECT_TRUE(fit_parzen(centre, 10 * held, test).at_the_edge);
}

TEST(KMeans, FindsTheMeansOfClouds) {
  torch::manual_seed(3);
  const auto own = torch::arange(300) % 3;
  const auto x = 10 * torch::eye(3).index_select(0, own) + 0.5 * torch::randn({300, 3});
  const auto means = k_means(x, 3, 5);
  for (int64_t k = 0; k < 3; ++k)
    EXPECT_TRUE(torch::allclose(means[k], x.index({own == k}).mean(0), 0, 1e-5));
  // Two of three of the same place: the one that is nearest to nothing stays.
  const auto pair = torch::tensor({{0.0f}, {0.0f}, {4.0f}, {6.0f}});
  EXPECT_TRUE(torch::allclose(k_means(pair, 3, 3), torch::tensor({{0.0f}, {0.0f}, {5.0f}})));
}

// 10,000 training images of MNIST as centres, sigma by train[50000:51000]: 244 nats.
TEST(Parzen, GivesTheKnownNumberForTrainingImages) {
  const char* root = std::getenv("FIGMENT_DATA");
  const auto path = std::filesystem::path(root == nullptr ? "" : root) / "mnist";
  if (root == nullptr || !std::filesystem::exists(path))
    GTEST_SKIP() << "$FIGMENT_DATA has no mnist";
  const auto source = read_path(path.string());
  const auto pixels = [](const torch::Tensor& x) { return x.flatten(1).to(torch::kFloat) / 255; };
  const auto train = pixels(source.train.x), test = pixels(source.test->x);
  const auto found = fit_parzen(train.narrow(0, 0, 10000), train.narrow(0, 50000, 1000), test);
  EXPECT_NEAR(found.mean, 244, 3);
  EXPECT_NEAR(found.standard_error, 2, 0.5);
}

}  // namespace
}  // namespace figment
