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

// Hinton & Salakhutdinov 2006 print 13.87 for 30 components.
TEST(Pca, ReachesThePublishedNumberOnMnist) {
  if (std::getenv("FIGMENT_DATA") == nullptr) GTEST_SKIP() << "needs MNIST under $FIGMENT_DATA";
  DataConfig config;
  config.source = "mnist";
  config.validation = 0;
  const auto data = open_data(config);
  const auto scaling = Scaling::fit(data.train, config.scaling);
  EXPECT_NEAR(pca_sse(scaling.to_model(data.train.x).flatten(1),
                      scaling.to_model(data.test.x).flatten(1), 30),
              13.866, 0.02);
}

}  // namespace
}  // namespace figment
