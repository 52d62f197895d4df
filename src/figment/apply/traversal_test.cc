#include "figment/apply/traversal.h"

#include <gtest/gtest.h>

#include "figment/apply/latent.h"
#include "figment/apply/plane.h"
#include "figment/apply/toy_run_test.h"
#include "figment/core/error.h"
#include "figment/model/draws_codes.h"

namespace figment {
namespace {

using toys::run_of;
using toys::ToyModel;
using toys::vectors;

TEST(Traverse, TakesTheMostActiveCoordinateFirst) {
  torch::manual_seed(1);
  const auto spread = torch::tensor({0.1F, 3.0F, 0.0F, 1.0F});
  const auto training = vectors(torch::randn({400, 4}) * spread + 5);
  const auto one = vectors(torch::tensor({{7.0F, 8.0F, 9.0F, 10.0F}}));
  const auto run = run_of(std::make_shared<ToyModel>(training.spec, false));
  const auto found = traverse(CodeSpace(run, "test"), one, training, 3, deviations(3, 7));
  EXPECT_TRUE(torch::equal(found.coordinates, torch::tensor({1, 3, 0}, torch::kLong)));
  ASSERT_EQ(found.images.sizes().vec(), (std::vector<int64_t>{21, 4}));
  // In the first row coordinate 1 goes from -3 to 3 deviations about its mean, the others stay.
  const auto row = found.images.narrow(0, 0, 7);
  const auto mean = training.x.select(1, 1).mean().item<double>();
  const auto deviation = training.x.select(1, 1).std(false).item<double>();
  EXPECT_NEAR(row[0][1].item<double>(), mean - 3 * deviation, 1e-4);
  EXPECT_NEAR(row[3][1].item<double>(), mean, 1e-4);
  EXPECT_NEAR(row[6][1].item<double>(), mean + 3 * deviation, 1e-4);
  for (const auto column : {0, 2, 3})
    EXPECT_TRUE((row.select(1, column) == one.x[0][column]).all().item<bool>());
  EXPECT_NEAR(found.change[0].item<double>(), 36 * deviation * deviation, 1e-2);
  // No more rows than there are coordinates.
  EXPECT_EQ(
      traverse(CodeSpace(run, "test"), one, training, 99, deviations(3, 7)).coordinates.size(0), 4);
}

TEST(Traverse, BreaksTiesByTheOrderOfCoordinates) {
  const auto statistics = statistics_of(torch::tensor({{1.0F, 0.0F, 1.0F}, {-1.0F, 0.0F, -1.0F}}));
  EXPECT_TRUE(torch::equal(statistics.by_activity(), torch::tensor({0, 2, 1}, torch::kLong)));
}

TEST(Plane, OfTwoCodesIsTheNormalQuantilesOfASampler) {
  const auto set = vectors(torch::randn({50, 2}));
  const auto run = run_of(std::make_shared<ToyModel>(set.spec, false));
  const CodePlane plane(CodeSpace(run, "test"), set);
  const auto codes = plane.codes(torch::tensor({{0.5, 0.5}, {0.975, 0.025}}, torch::kDouble));
  EXPECT_NEAR(codes[0].norm().item<double>(), 0, 1e-6);
  EXPECT_NEAR(codes[1][0].item<double>(), 1.959964, 1e-4);
  EXPECT_NEAR(codes[1][1].item<double>(), -1.959964, 1e-4);
}

// Samples codes with a mean and deviations of their own, or says that they are standard normal.
class ToyPrior : public ToyModel, public DrawsPrior {
 public:
  ToyPrior(ExampleSpec example, bool standard)
      : ToyModel(std::move(example), false), standard_(standard) {}
  int64_t code_dim() const override { return ToyModel::code_dim(); }
  bool prior_is_standard_normal() const override { return standard_; }
  Codes draw_prior(Noise& noise) override {
    const auto z = noise.normal({2});
    if (standard_) return {z, {}};
    return {z * torch::tensor({3.0F, 0.5F}) + torch::tensor({1.0F, -2.0F}), {}};
  }

 private:
  bool standard_;
};

TEST(Plane, OfTwoCodesHasEqualSharesOfThePrior) {
  torch::manual_seed(3);
  const auto set = vectors(torch::randn({50, 2}));
  const auto unit = torch::tensor({{0.5, 0.5}, {0.975, 0.025}}, torch::kDouble);
  for (const bool standard : {false, true}) {
    const auto run = run_of(std::make_shared<ToyPrior>(set.spec, standard));
    const CodeSpace space(run, "test");
    const CodePlane plane(space, set);
    const auto codes = plane.codes(unit);
    const auto wanted = standard ? torch::tensor({{0.0F, 0.0F}, {1.96F, -1.96F}})
                                 : torch::tensor({{1.0F, -2.0F}, {6.88F, -2.98F}});
    EXPECT_TRUE(torch::allclose(codes, wanted, 0, standard ? 1e-4 : 0.25)) << codes;
    // The picture of the report is the same.
    EXPECT_TRUE(torch::allclose(manifold(*run.model, run.scaling, set, 5),
                                space.decode(plane.codes(unit_grid(5)), set), 1e-5, 1e-5));
    const CodePlane turned(space, set, std::pair<int64_t, int64_t>{1, 0});
    EXPECT_TRUE(torch::allclose(turned.codes(unit.flip(1)), codes, 1e-5, 1e-5));
  }
}

TEST(Plane, OfWiderCodesFollowsTheMainAxesOrThoseAsked) {
  torch::manual_seed(2);
  const auto x = torch::randn({2000, 4}) * torch::tensor({0.1F, 5.0F, 0.1F, 2.0F}) + 1;
  const auto set = vectors(x);
  const auto run = run_of(std::make_shared<ToyModel>(set.spec, false));
  const CodeSpace space(run, "test");
  const CodePlane main(space, set);
  EXPECT_EQ(main.names().first, "main axis 1");
  const auto way = main.codes(torch::tensor({{0.1, 0.5}, {0.9, 0.5}}, torch::kDouble));
  const auto step = (way[1] - way[0]).abs();
  EXPECT_EQ(step.argmax().item<int64_t>(), 1);
  // From the first to the last tenth of codes 2 * N(1, 25): 2 * 1.2816 deviations of 10.
  EXPECT_NEAR(step[1].item<double>(), 25.6, 1.5);
  const CodePlane asked(space, set, std::pair<int64_t, int64_t>{3, 0});
  const auto codes = asked.codes(unit_grid(3));
  EXPECT_EQ(asked.names().first, "coordinate 3");
  EXPECT_LT(codes.select(1, 1).std().item<double>(), 1e-5);
  // Row by row from the top: the first coordinate grows to the right, the second upwards.
  EXPECT_LT(codes[0][3].item<double>(), codes[1][3].item<double>());
  EXPECT_GT(codes[0][0].item<double>(), codes[3][0].item<double>());
}

TEST(Plane, OfCodesIsThatOfTheirTwoMainAxesHoweverWideTheyAre) {
  torch::manual_seed(6);
  for (const int64_t wide : {5, 300}) {
    const auto codes = torch::randn({40, wide}) * torch::linspace(5, 0.1, wide) + 2;
    const auto points = map_to_plane(codes).to(torch::kDouble);
    const auto centred = (codes - codes.mean(0, true)).to(torch::kDouble);
    const auto [u, s, v] = torch::linalg_svd(centred, /*full_matrices=*/false);
    for (int64_t i = 0; i < 2; ++i) {  // of a sign that nothing says
      const auto wanted = u.select(1, i) * s[i], found = points.select(1, i);
      const auto sign = (wanted * found).sum().sign();
      EXPECT_TRUE(torch::allclose(found * sign, wanted, 1e-4, 1e-4)) << wide;
    }
  }
}

TEST(Plane, RefusesAxesThatAreNotThere) {
  const auto set = vectors(torch::randn({50, 3}));
  const auto run = run_of(std::make_shared<ToyModel>(set.spec, false));
  const CodeSpace space(run, "test");
  using Axes = std::pair<int64_t, int64_t>;
  EXPECT_THROW(CodePlane(space, set, Axes{0, 3}), Error);
  EXPECT_THROW(CodePlane(space, set, Axes{1, 1}), Error);
  const auto narrow = vectors(torch::randn({50, 1}));
  const auto line = run_of(std::make_shared<ToyModel>(narrow.spec, false));
  EXPECT_THROW(CodePlane(CodeSpace(line, "test"), narrow), Error);
}

TEST(Plane, WalksThroughAllPartsAndShowsWhere) {
  const auto unit = unit_walk(90);
  EXPECT_GT(unit.min().item<double>(), 0);
  EXPECT_LT(unit.max().item<double>(), 1);
  // Each of the nine parts of the square is passed, and no step is a jump, the last to the first
  // neither.
  const auto cell = (unit * 3).floor().to(torch::kLong);
  EXPECT_EQ(std::get<0>(torch::_unique(cell.select(1, 0) * 3 + cell.select(1, 1))).size(0), 9);
  EXPECT_LT((unit - unit.roll(1, 0)).norm(2, 1).max().item<double>(), 0.13);
  const auto grid = torch::zeros({4, 1, 6, 6}), images = torch::ones({90, 1, 6, 6});
  const auto frames = walk_frames(grid, images, unit);
  ASSERT_EQ(frames.size(), 90U);
  EXPECT_EQ(frames[0].sizes().vec(), (std::vector<int64_t>{1, 12, 24}));
  // At the left a white frame of 20 pixels on black, at the right the white image.
  EXPECT_EQ((frames[5].narrow(2, 0, 12) == 255).sum().item<int64_t>(), 20);
  EXPECT_TRUE((frames[5].narrow(2, 12, 12) == 255).all().item<bool>());
  EXPECT_FALSE(torch::equal(frames[5], frames[50]));
}

}  // namespace
}  // namespace figment
