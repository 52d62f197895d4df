#include "figment/nn/product.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/fast_paths.h"

namespace figment {
namespace {

using torch::Tensor;

bool near(const Tensor& a, const Tensor& b) {
  return torch::allclose(a.to(torch::kDouble), b.to(torch::kDouble), 1e-5, 1e-4);
}

// Both ways, floats and doubles, factors as they are and turned.
TEST(Product, IsThatOfLibTorch) {
  torch::manual_seed(1);
  for (const bool fast : {true, false})
    for (const auto type : {torch::kFloat, torch::kDouble})
      for (const bool turned : {false, true}) {
        const FastPathsScope scope(fast);
        const auto left = turned ? torch::randn({37, 65}, type).t() : torch::randn({65, 37}, type);
        const auto right = turned ? torch::randn({51, 37}, type).t() : torch::randn({37, 51}, type);
        const auto wanted = left.to(torch::kDouble).mm(right.to(torch::kDouble));
        const auto out = torch::full({65, 51}, std::nan(""), type);
        Product(out, left, right).compute();
        EXPECT_TRUE(near(out, wanted)) << fast << type << turned;
        Product(out, left, right, Product::Result::kAdded).compute();
        EXPECT_TRUE(near(out, 2 * wanted)) << fast << type << turned;
      }
}

TEST(Product, IsComputedInParts) {
  torch::manual_seed(2);
  for (const bool fast : {true, false})
    for (const bool turned : {false, true}) {
      const FastPathsScope scope(fast);
      const auto left = turned ? torch::randn({9, 30}).t() : torch::randn({30, 9});
      const auto right = turned ? torch::randn({20, 9}).t() : torch::randn({9, 20});
      const auto wanted = left.mm(right);
      const auto by_rows = torch::full({30, 20}, 5.0), by_columns = by_rows.clone();
      Product(by_rows, left, right).compute_rows(3, 11);
      Product(by_columns, left, right).compute_columns(4, 7);
      EXPECT_TRUE(near(by_rows.narrow(0, 3, 11), wanted.narrow(0, 3, 11)));
      EXPECT_TRUE(near(by_columns.narrow(1, 4, 7), wanted.narrow(1, 4, 7)));
      EXPECT_EQ((by_rows == 5).sum().item<int64_t>(), (30 - 11) * 20);
      EXPECT_EQ((by_columns == 5).sum().item<int64_t>(), 30 * (20 - 7));
    }
}

// Parts of larger matrices, and what no BLAS takes: every other column, rows on top of one another.
TEST(Product, TakesMatricesThatLieInAnyWay) {
  torch::manual_seed(3);
  const auto whole = torch::randn({40, 60});
  const auto right = torch::randn({30, 8});
  const auto out = torch::empty({40, 8});
  for (const auto& left : {whole.narrow(1, 5, 30), whole.slice(1, 0, 60, 2),
                           whole.select(0, 0).slice(0, 0, 30).expand({40, 30})}) {
    Product(out, left, right).compute();
    EXPECT_TRUE(near(out, left.contiguous().mm(right)));
  }
  const auto wide = torch::zeros({40, 16});
  Product(wide.slice(1, 0, 16, 2), whole.narrow(1, 0, 30), right).compute();
  EXPECT_TRUE(near(wide.slice(1, 0, 16, 2), whole.narrow(1, 0, 30).mm(right)));
  EXPECT_EQ(wide.slice(1, 1, 16, 2).abs().sum().item<float>(), 0);
}

// The matrix as it is, turned, and as no kernel takes it.
TEST(RepeatedProduct, AddsAgainAndAgain) {
  torch::manual_seed(4);
  for (const bool fast : {true, false})
    for (const auto type : {torch::kFloat, torch::kDouble}) {
      const FastPathsScope scope(fast);
      for (const auto& right : {torch::randn({37, 51}, type), torch::randn({51, 37}, type).t(),
                                torch::randn({37, 102}, type).slice(1, 0, 102, 2)}) {
        RepeatedProduct product(13, right);
        const auto out = torch::ones({13, 51}, type);
        auto wanted = torch::ones({13, 51}, torch::kDouble);
        for (int i = 0; i < 3; ++i) {
          const auto left = torch::randn({13, 37}, type);
          product.add(left, out);
          wanted = wanted + left.to(torch::kDouble).mm(right.to(torch::kDouble));
        }
        EXPECT_TRUE(near(out, wanted)) << fast << type << right.strides();
      }
    }
}

TEST(RepeatedProduct, OfNothingAddsNothing) {
  const auto out = torch::ones({3, 4});
  RepeatedProduct(3, torch::empty({0, 4})).add(torch::empty({3, 0}), out);
  EXPECT_TRUE(out.equal(torch::ones({3, 4})));
  RepeatedProduct(0, torch::ones({2, 4})).add(torch::empty({0, 2}), torch::empty({0, 4}));
}

TEST(Product, OfNothingIsZero) {
  const auto out = torch::ones({3, 4});
  Product(out, torch::empty({3, 0}), torch::empty({0, 4})).compute();
  EXPECT_EQ(out.abs().sum().item<float>(), 0);
  const auto none = torch::empty({0, 4});
  Product(none, torch::empty({0, 2}), torch::empty({2, 4})).compute();
}

}  // namespace
}  // namespace figment
