#include "figment/eval/pca.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "figment/data/open.h"

namespace figment {
namespace {

TEST(Pca, IsTheBestLinearReconstruction) {
  torch::manual_seed(1);
  const auto x = torch::randn({200, 6}).mm(torch::randn({6, 6})) + 3;
  const auto centred = (x - x.mean(0, true)).to(torch::kDouble);
  // Eckart & Young: what k components leave is the sum of the other squared singular values.
  const auto singular = std::get<1>(torch::linalg_svd(centred));
  for (const int64_t k : {1, 3, 6}) {
    const auto left = singular.narrow(0, k, 6 - k).square().sum().item<double>() / 200;
    EXPECT_NEAR(pca_sse(x, x, k), left, 1e-4) << k;
  }
}

TEST(Pca, TakesRowsAFewAtATime) {
  // Twenty million numbers a row, of which none is held twice.
  const auto x = torch::randn({3, 1}).expand({3, 20'000'000});
  std::vector<int64_t> rows;
  torch::Tensor sum = torch::zeros({}, torch::kDouble);
  for_rows(
      x, [](const torch::Tensor& part) { return part.narrow(1, 0, 5); },
      [&](const torch::Tensor& part) {
        rows.push_back(part.size(0));
        sum += part.sum(torch::kDouble);
      });
  EXPECT_EQ(rows, (std::vector<int64_t>{1, 1, 1}));
  EXPECT_NEAR(sum.item<double>(), x.narrow(1, 0, 5).sum(torch::kDouble).item<double>(), 1e-6);
}

// Hinton & Salakhutdinov 2006 print 13.87 for 30 components.
TEST(Pca, ReachesThePublishedNumberOnMnist) {
  if (std::getenv("FIGMENT_DATA") == nullptr) GTEST_SKIP() << "needs MNIST under $FIGMENT_DATA";
  DataConfig config;
  config.source = "mnist";
  config.validation = 0;
  const auto data = open_data(config);
  const auto scaling = Scaling::fit(data.train, config.scaling);
  const auto sse = pca_sse(data.train.x, data.test.x, 30, [&](const torch::Tensor& rows) {
    return scaling.to_model(rows).flatten(1);
  });
  EXPECT_NEAR(sse, 13.866, 0.02);
}

}  // namespace
}  // namespace figment
