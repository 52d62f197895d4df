#include "figment/apply/attribute_axes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/apply/edit.h"
#include "figment/apply/toy_run_test.h"
#include "figment/data/refuses_test.h"

namespace figment {
namespace {

using toys::run_of;
using toys::ToyConditional;
using toys::ToyModel;
using toys::ToyTold;
using toys::vectors;

TEST(Regression, FindsTheWeightsOfALine) {
  torch::manual_seed(1);
  const auto z =
      torch::randn({500, 4}, torch::kDouble) * torch::tensor({1.0, 10.0, 0.1, 0.0}, torch::kDouble);
  const auto w = torch::tensor({2.0, -0.3, 5.0, 0.0}, torch::kDouble);
  const auto found = linear_regression(z, z.mv(w) + 7);
  EXPECT_TRUE(torch::allclose(found, w, 2e-2, 1e-6)) << found;  // the ridge takes a thousandth
}

// The optimum is where the gradient of the ridged loss is 0, whatever the steps that led there.
TEST(Regression, IsAtTheOptimumOfTheLogisticLoss) {
  torch::manual_seed(2);
  auto z = torch::randn({400, 3}, torch::kDouble);
  z = (z - z.mean(0)) / z.std(0, false);
  const auto p = torch::sigmoid(z.select(1, 0) * 3 - z.select(1, 2) + 1);
  const auto target = (torch::rand({400}, torch::kDouble) < p).to(torch::kDouble);
  const auto w = logistic_regression(z, target);
  // With these weights the offset is where the mean prediction is the mean target: by bisection.
  double low = -20, high = 20;
  for (int i = 0; i < 100; ++i) {
    const auto middle = (low + high) / 2;
    const auto mean = torch::sigmoid(z.mv(w) + middle).mean().item<double>();
    (mean < target.mean().item<double>() ? low : high) = middle;
  }
  const auto residual = torch::sigmoid(z.mv(w) + low) - target;
  EXPECT_LT((z.t().mv(residual) / 400 + 1e-3 * w).abs().max().item<double>(), 1e-6);
  EXPECT_GT(w[0].item<double>(), 2);
  EXPECT_LT(w[2].item<double>(), -0.5);
}

TEST(Regression, StaysFiniteWhereClassesAreSeparable) {
  const auto z = torch::linspace(-1, 1, 50, torch::kDouble).unsqueeze(1);
  const auto w = logistic_regression(z, (z.select(1, 0) > 0).to(torch::kDouble));
  EXPECT_TRUE(w.isfinite().all().item<bool>());
  EXPECT_GT(w[0].item<double>(), 1);
}

// Codes in which attribute "a" is coordinate 0 and "b" the sum of the first two, so that they
// correlate; "c" is nothing that codes tell; "never" has one value.
Dataset constructed(int64_t n, int seed) {
  torch::manual_seed(seed);
  auto set = vectors(torch::randn({n, 4}) * torch::tensor({1.0F, 1.0F, 1.0F, 0.5F}));
  const auto x = set.x;
  set.spec.attributes = {"a", "b", "c", "never"};
  set.attributes = torch::stack(
      {x.select(1, 0), x.select(1, 0) + x.select(1, 1), torch::randn({n}), torch::full({n}, 2.0F)},
      1);
  set.spec.classes = {"left", "right"};
  set.label = (x.select(1, 3) + 0.05 * torch::randn({n}) > 0).to(torch::kLong);
  return set;
}

AttributeAxes axes_of(const Dataset& training, const Dataset& held_out) {
  return {training.x, attribute_table(training), held_out.x, attribute_table(held_out)};
}

TEST(Axes, SayHowWellTheyPredict) {
  const auto axes = axes_of(constructed(2000, 1), constructed(1000, 2));
  ASSERT_EQ(axes.axes().size(), 6U);
  const auto quality = [&](const char* name) { return axes.axes()[axes.index_of(name)].quality; };
  EXPECT_GT(quality("a"), 0.999);
  EXPECT_GT(quality("b"), 0.999);
  EXPECT_LT(quality("c"), 0.02);
  EXPECT_GT(quality("class:left"), 0.98);  // an AUROC
  EXPECT_TRUE(std::isnan(quality("never")));
  EXPECT_STREQ(axes.axes()[4].measure(), "auroc");
  EXPECT_TRUE(refuses([&] { axes.index_of("slnat"); }, "expected one of a, b, c", Cause::kConfig));
}

TEST(Axes, MoveOneAttributeAndLeaveTheOthers) {
  const auto training = constructed(2000, 3);
  const auto axes = axes_of(training, constructed(500, 4));
  const auto a = axes.index_of("a"), b = axes.index_of("b");
  // Alone, the axis of a takes b along, as they correlate.
  const auto alone = axes.direction(a, {});
  EXPECT_NEAR(alone.independence, 1, 1e-12);
  const auto move = [&](const torch::Tensor& way) {
    const auto code = training.x.narrow(0, 0, 1);
    return (axes.predict(code.to(torch::kDouble) + 1.5 * way) - axes.predict(code))[0];
  };
  EXPECT_NEAR(move(alone.way)[static_cast<int64_t>(a)].item<double>(), 1.5, 1e-6);
  EXPECT_GT(move(alone.way)[static_cast<int64_t>(b)].item<double>(), 0.9);
  // Independent of all others it leaves them where they were.
  const auto fixed = axes.usual_fixed(a);
  // Not what codes tell nothing of: b and the two classes.
  EXPECT_EQ(fixed.size(), 3U);
  const auto apart = axes.direction(a, fixed);
  const auto moved = move(apart.way);
  EXPECT_NEAR(moved[static_cast<int64_t>(a)].item<double>(), 1.5, 1e-6);
  for (const auto k : fixed)
    EXPECT_NEAR(moved[static_cast<int64_t>(k)].item<double>(), 0, 1e-6) << k;
  // A correlation of 1 / sqrt 2 leaves as much.
  EXPECT_NEAR(apart.independence, std::sqrt(0.5), 0.05);
  // Coordinate 2, of which no attribute tells, stays.
  EXPECT_LT(std::abs(apart.way[2].item<double>()), 0.2);
  EXPECT_NEAR(apart.way[0].item<double>(), 1, 0.05);
  EXPECT_NEAR(apart.way[1].item<double>(), -1, 0.05);
}

TEST(Axes, OfWhatTheOthersSayAlreadyAreNone) {
  auto set = constructed(500, 5);
  set.attributes.select(1, 2).copy_(set.attributes.select(1, 0) - set.attributes.select(1, 1));
  const auto axes = axes_of(set, set);
  const auto direction = axes.direction(0, {1, 2});
  EXPECT_EQ(direction.independence, 0);
  EXPECT_EQ(direction.way.abs().max().item<double>(), 0);
  // An attribute that never changes has none at all.
  EXPECT_EQ(axes.direction(3, {}).independence, 0);
  // In two numbers there is no room for all classes beside an attribute: they are let go.
  auto narrow = set;
  narrow.x = set.x.narrow(1, 0, 2).contiguous();
  narrow.spec.shape = {2};
  narrow.spec.attributes = {"a"};
  narrow.attributes = set.attributes.narrow(1, 0, 1).contiguous();
  narrow.spec.classes = {"x", "y", "z"};
  const auto angle = torch::atan2(narrow.x.select(1, 1), narrow.x.select(1, 0));
  narrow.label = ((angle + M_PI) * (1.5 / M_PI)).floor().clamp(0, 2).to(torch::kLong);
  EXPECT_TRUE(axes_of(narrow, narrow).usual_fixed(0).empty());
}

TEST(Edit, ReadsWhatIsAsked) {
  const auto asked = parse_edit("class:a=b=-1.5");
  EXPECT_EQ(asked.name, "class:a=b");
  EXPECT_EQ(asked.amount, -1.5);
  EXPECT_EQ(parse_edit("slant=+2").amount, 2);
  for (const auto* wrong : {"slant", "=2", "slant=", "slant=much", "slant=1e9", "slant=nan", ""})
    EXPECT_TRUE(refuses([&] { parse_edit(wrong); }, "expected NAME=AMOUNT", Cause::kConfig))
        << wrong;
}

TEST(Edit, MovesTheAttributeByAsManyDeviations) {
  const auto training = constructed(2000, 6), held_out = constructed(500, 7);
  const auto run = run_of(std::make_shared<ToyModel>(training.spec, false));
  const CodeSpace space(run, "test");
  const auto axes = fit_axes(space, training, held_out);
  const auto examples = held_out.first(3);
  const auto edited = edit(space, axes, examples, {{"a", 2}, {"b", -1}}, 4);
  ASSERT_EQ(edited.images.sizes().vec(), (std::vector<int64_t>{15, 4}));
  const auto by_step = edited.images.view({3, 5, 4});
  EXPECT_TRUE(torch::allclose(by_step.select(1, 0), examples.x, 1e-4, 1e-5));
  // The toy's coordinates are the attributes: a rises by 2 of its deviations, a + b falls by one.
  const auto change = by_step.select(1, 4) - by_step.select(1, 0);
  const auto a = change.select(1, 0), b = a + change.select(1, 1);
  EXPECT_TRUE(torch::allclose(a, torch::full({3}, 2 * axes.axes()[0].deviation), 0.02, 0.02));
  EXPECT_TRUE(torch::allclose(b, torch::full({3}, -axes.axes()[1].deviation), 0.02, 0.02));
  EXPECT_TRUE(torch::allclose(by_step.select(1, 2),
                              (by_step.select(1, 0) + by_step.select(1, 4)) / 2, 1e-3, 1e-4));
  EXPECT_NEAR(edited.ways[0].reached, 2, 1e-2);
  EXPECT_NEAR(edited.ways[1].reached, -1, 1e-2);
  EXPECT_NEAR(edited.ways[0].aside, 0, 1e-2);
  EXPECT_TRUE(refuses(
      [&] {
        edit(space, axes, examples, {{"a", 1}, {"a", 2}}, 1);
      },
      "once", Cause::kConfig));
  EXPECT_TRUE(refuses(
      [&] {
        edit(space, axes, examples, {{"never", 1}}, 1);
      },
      "expected an axis for never"));
  auto plain = vectors(training.x);
  EXPECT_TRUE(refuses([&] { fit_axes(space, plain, plain); },
                      "expected examples with attributes or 2 to 50 classes", Cause::kConfig));
}

TEST(Edit, ChangesTheConditionOfAConditionalModel) {
  const auto training = constructed(500, 8);
  const auto run = run_of(std::make_shared<ToyConditional>(training.spec));
  const CodeSpace space(run, "test");
  const auto axes = fit_axes(space, training, training);
  const auto edited = edit(space, axes, training.first(2), {{"a", 3}}, 1);
  EXPECT_TRUE(edited.ways[0].by_condition);
  const auto change = (edited.images.select(0, 1) - edited.images.select(0, 0));
  EXPECT_TRUE(torch::allclose(change, torch::full({4}, 3 * axes.axes()[0].deviation), 1e-3));
}

TEST(Edit, TellsAModelTheClass) {
  auto training = constructed(500, 9);
  training.spec.attributes.clear();
  training.attributes = torch::Tensor();
  const auto run = run_of(std::make_shared<ToyTold>(training.spec));
  const CodeSpace space(run, "test");
  const auto axes = fit_axes(space, training, training);
  auto one = training.first(1);
  one.label = torch::zeros({1}, torch::kLong);
  const auto edited = edit(space, axes, one, {{"class:right", 1}}, 1);
  EXPECT_TRUE(torch::allclose(edited.images[1] - edited.images[0], torch::full({4}, 100.0F)));
  EXPECT_TRUE(refuses(
      [&] {
        edit(space, axes, one, {{"class:right", -1}}, 1);
      },
      "expected a positive amount", Cause::kConfig));
}

TEST(Edit, MovesTheCodeWhereTheClassDecidesTheCodeAlone) {
  auto training = constructed(500, 9);
  training.spec.attributes.clear();
  training.attributes = torch::Tensor();
  const auto run = run_of(std::make_shared<ToyModel>(training.spec, true));
  const CodeSpace space(run, "test");
  const auto axes = fit_axes(space, training, training);
  const auto edited = edit(space, axes, training.first(2), {{"class:right", -1}}, 1);
  EXPECT_FALSE(edited.ways[0].by_condition);
  EXPECT_NEAR(edited.ways[0].reached, -1, 1e-2);
  // The class is the sign of the last number.
  const auto change =
      edited.images.view({2, 2, 4}).select(1, 1) - edited.images.view({2, 2, 4}).select(1, 0);
  EXPECT_LT(change.select(1, 3).max().item<double>(), -0.1);
}

TEST(Edit, FitsAxesInCodesOfAtMost1024Numbers) {
  torch::manual_seed(10);
  auto wide = vectors(torch::randn({40, 520}));
  wide.spec.attributes = {"a"};
  wide.attributes = wide.x.narrow(1, 0, 1).contiguous();
  const auto run = run_of(std::make_shared<ToyModel>(wide.spec, false));
  const auto axes = fit_axes(CodeSpace(run, "test"), wide, wide);
  EXPECT_GT(axes.axes()[0].quality, 0.99);
  wide.x = torch::zeros({40, 1025});
  wide.spec.shape = {1025};
  const auto wider = run_of(std::make_shared<ToyModel>(wide.spec, false));
  EXPECT_TRUE(refuses([&] { fit_axes(CodeSpace(wider, "test"), wide, wide); },
                      "expected codes of at most 1024 numbers", Cause::kConfig));
}

}  // namespace
}  // namespace figment
