#include "figment/nn/principal_components.h"

#include <gtest/gtest.h>

#include "golden/golden.h"

namespace figment {
namespace {

using torch::Tensor;

// Rows of a golden file as float64.
Tensor rows_of(const nlohmann::json& list) {
  return torch::tensor(flat<double>(list), torch::kDouble)
      .reshape({static_cast<int64_t>(list.size()), -1});
}

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

TEST(PrincipalComponents, GatherTheSameMomentsByPieces) {
  torch::manual_seed(1);
  // Far from zero, where the mean square less the squared mean has no digit left.
  const auto x = torch::randn({100, 5}, torch::kDouble) * 1e-3 + 1e6;
  const auto centred = x - x.mean(0, true);
  const auto scatter = centred.t().mm(centred);
  const ScatterMoments pieces(5);
  for (const auto& part : x.split(7)) pieces.add(part);
  pieces.add(x.narrow(0, 0, 0));
  EXPECT_EQ(pieces.count.item<int64_t>(), 100);
  EXPECT_LT(largest(pieces.mean - x.mean(0)), 1e-9);
  // The examples themselves are rounded to 1e-10, a ten-millionth of their spread.
  EXPECT_LT(largest(pieces.scatter - scatter), 1e-6 * largest(scatter));
}

TEST(PrincipalComponents, CorrectTheRoundedCentreOfPiecesInFloat) {
  torch::manual_seed(2);
  // The mean, 2^24 + 1/2 or so, is no float; the differences are.
  const auto x = torch::randint(0, 3, {99, 2}, torch::kFloat) * 2 + 16777216;
  const auto exact = x.to(torch::kDouble);
  const auto centred = exact - exact.mean(0, true);
  const ScatterMoments moments(2);
  moments.add(x);
  EXPECT_LT(largest(moments.scatter - centred.t().mm(centred)), 1e-6);
}

TEST(PrincipalComponents, AreTheSingularVectors) {
  torch::manual_seed(3);
  const auto x = torch::randn({50, 6}, torch::kDouble).mm(torch::randn({6, 6}, torch::kDouble)) + 2;
  const ScatterMoments moments(6);
  moments.add(x);
  const auto found = principal_axes(moments, 4);
  const auto [u, s, v] = torch::linalg_svd(x - x.mean(0, true), false);
  EXPECT_LT(largest(found.variance - s.square() / 49), 1e-10);
  EXPECT_LT(largest(found.axes - with_positive_peaks(v.narrow(0, 0, 4))), 1e-9);
  // The convention: of each axis the largest component is positive.
  const auto peak = found.axes.gather(1, found.axes.abs().argmax(1, true));
  EXPECT_GT(peak.min().item<double>(), 0);
  const auto flipped = with_positive_peaks(torch::tensor({{1.0, -3.0}, {2.0, 1.0}}));
  EXPECT_TRUE(torch::equal(flipped, torch::tensor({{-1.0, 3.0}, {2.0, 1.0}})));
}

TEST(PrincipalComponents, ExplainWhatTheirReconstructionLeaves) {
  torch::manual_seed(4);
  const auto x = torch::randn({80, 5}).mm(torch::randn({5, 5})) - 1;
  const auto mean = torch::randn({5});
  const auto axes = std::get<0>(torch::linalg_qr(torch::randn({5, 2}))).t();
  const auto shares = explained_variance(x, mean, axes);
  const auto centred = x - mean;
  const auto left =
      (centred - centred.mm(axes.t()).mm(axes)).square().sum() / centred.square().sum();
  EXPECT_NEAR(shares.sum().item<double>(), 1 - left.item<double>(), 1e-6);
  EXPECT_NEAR(explained_variance(x, mean, torch::eye(5)).sum().item<double>(), 1, 1e-6);
  // Examples that do not vary have no variance to explain.
  EXPECT_EQ(explained_variance(torch::ones({3, 5}), torch::ones({5}), axes).sum().item<double>(),
            0);
}

TEST(PrincipalComponents, AnglesAgreeWithScipy) {
  for (const auto& one : golden("subspaces").at("cases")) {
    const auto expected = torch::tensor(flat<double>(one.at("angles")), torch::kDouble);
    for (const auto& [a, b] : {std::pair{"a", "b"}, {"b", "a"}}) {
      const auto got = principal_angles(rows_of(one.at(a)), rows_of(one.at(b)));
      ASSERT_EQ(got.sizes(), expected.sizes());
      // Small angles to their leading digits, not to 1e-8 as their cosines would have them.
      EXPECT_LT(largest((got - expected) / expected.clamp_min(1e-7)), 1e-6) << got << "\nexpected\n"
                                                                            << expected;
    }
  }
}

TEST(PrincipalComponents, AngleIsThatOfTheRotation) {
  for (const double angle : {1e-7, 0.3, 1.2}) {
    const auto a = torch::tensor({{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}}, torch::kDouble);
    const auto b =
        torch::tensor({{1.0, 0.0, 0.0}, {0.0, std::cos(angle), std::sin(angle)}}, torch::kDouble);
    const auto got = principal_angles(a, b);
    EXPECT_NEAR(got[0].item<double>() / angle, 1, 1e-8) << angle;
    EXPECT_NEAR(got[1].item<double>(), 0, 1e-15);
  }
}

}  // namespace
}  // namespace figment
