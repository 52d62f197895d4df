// The two-dimensional sets: their moments, and densities by quadrature and by Monte Carlo.
#include "figment/data/toy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "figment/core/error.h"

namespace figment {
namespace {

double average(const torch::Tensor& x) { return x.to(torch::kFloat64).mean().item<double>(); }

TEST(Toy, SetsAreVectorsWithLabelsOfTheirComponents) {
  for (const auto& card : toy_sets()) {
    ToyOptions options;
    options.n_train = 4000;
    options.n_test = 100;
    const auto source = toy(card.name, options);
    EXPECT_EQ(source.train.name, card.name);
    EXPECT_EQ(source.train.spec.modality, Modality::kVector);
    EXPECT_EQ(source.train.x.sizes(), (std::vector<int64_t>{4000, toy_dims(card.name)}));
    EXPECT_EQ(source.train.x.scalar_type(), torch::kFloat32);
    EXPECT_EQ(source.test->size(), 100);
    EXPECT_TRUE(source.train.x.isfinite().all().item<bool>());
    EXPECT_LT(source.train.x.abs().max().item<float>(), 7) << card.name;
    const auto classes = static_cast<int64_t>(source.train.spec.classes.size());
    ASSERT_EQ(source.train.label.defined(), classes > 0) << card.name;
    if (classes == 0) continue;
    const auto count = torch::bincount(source.train.label).to(torch::kFloat64);
    ASSERT_EQ(count.numel(), classes);
    const double expected = 4000.0 / static_cast<double>(classes);
    EXPECT_LT((count - expected).abs().max().item<double>(), 5 * std::sqrt(expected)) << card.name;
  }
}

TEST(Toy, PointsAreAFunctionOfSeedAndIndex) {
  for (const auto& card : toy_sets()) {
    const auto all = toy_points(card.name, 1, 0, 100);
    const auto part = toy_points(card.name, 1, 60, 40);
    EXPECT_TRUE(torch::equal(all.x.slice(0, 60), part.x)) << card.name;
    EXPECT_FALSE(torch::equal(all.x, toy_points(card.name, 2, 0, 100).x)) << card.name;
    ToyOptions options;
    options.seed = 1;
    options.n_train = 100;
    options.n_test = 100;
    const auto source = toy(card.name, options);
    EXPECT_TRUE(torch::equal(source.train.x, all.x)) << card.name;
    EXPECT_FALSE(torch::equal(source.test->x, all.x)) << card.name;
  }
}

// Means and deviations of FFJORD's own generator, by arithmetic from its formulas.
TEST(Toy, MomentsAreThoseOfTheFormulas) {
  const double pi = std::acos(-1.0);
  const auto check = [](const char* name, double mx, double my, double vx, double vy) {
    const auto x = toy_points(name, 3, 0, 100000).x.to(torch::kFloat64);
    const auto m = x.mean(0), v = x.var(0);
    EXPECT_NEAR(m[0].item<double>(), mx, 0.035) << name;
    EXPECT_NEAR(m[1].item<double>(), my, 0.035) << name;
    EXPECT_NEAR(v[0].item<double>(), vx, 0.012 * vx + 0.01) << name;
    EXPECT_NEAR(v[1].item<double>(), vy, 0.012 * vy + 0.01) << name;
  };
  const double s = 1 / (1.414 * 1.414);
  check("8gaussians", 0, 0, s * (8 + 0.25), s * (8 + 0.25));
  check("checkerboard", 0, 0, 16.0 / 3, 16.0 / 3);
  // Per moon: cos has variance 1/2, sin mean 2/pi and second moment 1/2; centres 1 and 1/2 - 4/pi
  // apart.
  const double rise = 0.5 - 4 / pi;
  check("moons", 0, 0.3, 4 * (0.5 + 0.25 + 0.01),
        4 * (0.5 - 4 / (pi * pi) + rise * rise / 4 + 0.01));
  check("circles", 0, 0, 9 * (1.25 / 4 + 0.0064), 9 * (1.25 / 4 + 0.0064));
  const double rings = (9 + 5.0625 + 2.25 + 0.5625) / 8 + 0.0064;
  check("rings", 0, 0, rings, rings);
  check("sine", pi, 0, pi * pi / 3, 0.5);
}

TEST(Toy, ShapesAreWhereTheyBelong) {
  const auto sine = toy_points("sine", 4, 0, 1000).x;
  EXPECT_LT((sine.select(1, 1) - sine.select(1, 0).sin()).abs().max().item<float>(), 1e-5);
  EXPECT_GE(sine.select(1, 0).min().item<float>(), 0);
  EXPECT_LE(sine.select(1, 0).max().item<float>(), 6.283186F);
  const auto rings = toy_points("rings", 4, 0, 4000);
  const auto radius = rings.x.norm(2, 1), expected = 3 - 0.75 * rings.label;
  EXPECT_NEAR(average((radius - expected).square()), 0.0064, 0.0008);
  const auto spirals = toy_points("spirals", 4, 0, 4000);
  EXPECT_NEAR(spirals.x.norm(2, 1).max().item<double>(), 3.14, 0.6);
  // The arms are each other turned by half.
  const auto arm = [&](int64_t k) { return spirals.x.index({spirals.label == k}).mean(0); };
  EXPECT_LT((arm(0) + arm(1)).abs().max().item<float>(), 0.15);
  const auto roll = toy_points("swissroll", 4, 0, 4000).x.norm(2, 1);
  EXPECT_NEAR(average(roll), 0.2 * 3 * std::acos(-1.0),
              0.05);  // mean of t, and a little for the noise
  // Turned back by its own bend, each blade of the wheel is a normal around (2, 0).
  const auto wheel = toy_points("pinwheel", 4, 0, 4000);
  EXPECT_NEAR(average(wheel.x.norm(2, 1)), 2.0, 0.05);
}

class ToyDensity : public ::testing::TestWithParam<const char*> {};

TEST_P(ToyDensity, IntegratesToOne) {
  constexpr int64_t kSteps = 600;
  const double h = 12.0 / kSteps;
  const auto line = (torch::arange(kSteps, torch::kFloat64) + 0.5) * h - 6;
  const auto grid = torch::cartesian_prod({line, line});
  const auto total = toy_log_density(GetParam(), grid)->exp().sum().item<double>() * h * h;
  EXPECT_NEAR(total, 1, 1e-6);
}

TEST_P(ToyDensity, IsThatOfThePoints) {
  // Shares of the points in the cells of a grid against the density integrated there. The cells do
  // not line up with the squares of the board.
  constexpr int64_t kCells = 11, kFine = 40, kPoints = 200000;
  const auto points = toy_points(GetParam(), 5, 0, kPoints).x.to(torch::kFloat64);
  const double cell = 12.0 / kCells, h = cell / kFine;
  const auto at = ((points + 6) / cell).floor().to(torch::kInt64);
  const auto count =
      torch::bincount(at.select(1, 0) * kCells + at.select(1, 1), {}, kCells * kCells);
  const auto line = (torch::arange(kCells * kFine, torch::kFloat64) + 0.5) * h - 6;
  const auto fine = toy_log_density(GetParam(), torch::cartesian_prod({line, line}))->exp() * h * h;
  const auto expected = kPoints * fine.view({kCells, kFine, kCells, kFine}).sum({1, 3}).flatten();
  // Quadrature of the board's edges is off by up to one fine row: a few percent of a cell.
  const auto error = (count - expected).abs();
  EXPECT_TRUE((error <= 5 * expected.sqrt() + 0.03 * expected + 3).all().item<bool>())
      << error.max().item<double>();
}

INSTANTIATE_TEST_SUITE_P(Known, ToyDensity, ::testing::Values("8gaussians", "checkerboard"),
                         [](const auto& tested) {
                           return tested.index == 0 ? "gaussians" : "checkerboard";
                         });

TEST(Toy, TheSetOnALineHasItsDensity) {
  constexpr int64_t kCells = 60, kFine = 20, kPoints = 200000;
  const double cell = 10.0 / kCells, h = cell / kFine;
  const auto points = toy_points("2gaussians", 5, 0, kPoints);
  EXPECT_EQ(points.columns, std::vector<std::string>{"x"});
  const auto at = ((points.x.flatten().to(torch::kFloat64) + 5) / cell).floor().to(torch::kInt64);
  const auto line = (torch::arange(kCells * kFine, torch::kFloat64) + 0.5) * h - 5;
  const auto fine = toy_log_density("2gaussians", line.unsqueeze(1))->exp() * h;
  EXPECT_NEAR(fine.sum().item<double>(), 1, 1e-6);
  const auto expected = kPoints * fine.view({kCells, kFine}).sum(1);
  const auto error = (torch::bincount(at, {}, kCells) - expected).abs();
  EXPECT_TRUE((error <= 5 * expected.sqrt() + 3).all().item<bool>());
  // Which of the two a point is of, its label says.
  const auto of_second = points.x.flatten().index({points.label == 1});
  EXPECT_NEAR(average(of_second), 2, 0.01);
  EXPECT_NEAR(of_second.to(torch::kFloat64).std().item<double>(), 0.5, 0.01);
}

TEST(Toy, SaysWhichDensitiesAreKnown) {
  EXPECT_TRUE(toy_has_density("2gaussians"));
  EXPECT_TRUE(toy_has_density("checkerboard"));
  EXPECT_FALSE(toy_has_density("moons"));
  EXPECT_FALSE(toy_has_density("mnist"));
}

TEST(Toy, EntropiesAreThePublishedOnes) {
  const auto entropy = [](const char* name) {
    const auto points = toy_points(name, 6, 0, 400000).x.to(torch::kFloat64);
    return -average(*toy_log_density(name, points));
  };
  EXPECT_NEAR(entropy("8gaussians"), 2.8307, 0.006);  // four standard errors
  EXPECT_NEAR(entropy("2gaussians"), 1.4189, 0.006);
  EXPECT_NEAR(entropy("checkerboard"), 3.4657, 1e-4);
}

TEST(Toy, DensityKeepsTypeAndKnowsWhereThereIsNone) {
  const auto x = torch::tensor({{1.0F, 1.0F}, {-1.0F, 1.0F}, {5.0F, 1.0F}, {-4.0F, -4.0F}});
  const auto density = *toy_log_density("checkerboard", x);
  EXPECT_EQ(density.scalar_type(), torch::kFloat32);
  EXPECT_NEAR(density[0].item<float>(), -std::log(32.0F), 1e-6);
  EXPECT_TRUE(std::isinf(density[1].item<float>()));
  EXPECT_TRUE(std::isinf(density[2].item<float>()));
  EXPECT_FALSE(std::isinf(density[3].item<float>()));
  EXPECT_EQ(toy_log_density("8gaussians", x)->scalar_type(), torch::kFloat32);
  EXPECT_FALSE(toy_log_density("moons", x).has_value());
}

TEST(Toy, CurveGoesOnWhereThePointsEnd) {
  const auto points = toy_points("sine", 4, 0, 1000).x.to(torch::kDouble);
  const auto t = points.select(1, 0) / (2 * 3.14159265358979323846);
  EXPECT_TRUE(torch::allclose(*toy_curve("sine", t), points, 0, 1e-6));
  const auto beyond = *toy_curve("sine", torch::tensor({-0.25, 1.25}, torch::kDouble));
  EXPECT_NEAR(beyond[0][1].item<double>(), -1, 1e-12);
  EXPECT_NEAR(beyond[1][0].item<double>(), 2.5 * 3.14159265358979323846, 1e-12);
  EXPECT_FALSE(toy_curve("moons", t).has_value());
  EXPECT_FALSE(toy_curve("some/table.csv", t).has_value());
}

TEST(Toy, RefusesUnknownNamesAndSizes) {
  const auto refused = [](const auto& attempt, const std::string& word) {
    try {
      attempt();
      ADD_FAILURE() << word << " was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kConfig);
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused([] { toy("mons"); }, "did you mean 'moons'");
  refused([] { toy_log_density("mons", torch::zeros({1, 2})); }, "mons");
  refused([] { toy_points("", 0, 0, 1); }, "8gaussians");
  refused([] { toy_points("moons", 0, -1, 1); }, "first");
  ToyOptions options;
  options.n_train = 0;
  refused([&] { toy("moons", options); }, "n_train");
  options.n_train = 1;
  options.n_test = -1;
  refused([&] { toy("moons", options); }, "n_test");
}

}  // namespace
}  // namespace figment
