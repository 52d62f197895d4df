#include "figment/apply/interpolation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/apply/toy_run_test.h"
#include "figment/core/error.h"

namespace figment {
namespace {

using toys::run_of;
using toys::ToyConditional;
using toys::ToyModel;
using toys::ToyTold;
using toys::vectors;

TEST(Slerp, KeepsTheLengthBetweenEqualLengthsAndHitsTheEnds) {
  torch::manual_seed(1);
  auto a = torch::randn({20, 16}), b = torch::randn({20, 16});
  a = 3 * a / a.norm(2, 1, true);
  b = 3 * b / b.norm(2, 1, true);
  const auto way = slerp(a, b, 7);  // [20, 7, 16]
  EXPECT_TRUE(torch::allclose(way.norm(2, 2), torch::full({20, 7}, 3.0), 1e-5, 1e-5));
  EXPECT_TRUE(torch::allclose(way.select(1, 0), a, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(way.select(1, 6), b, 1e-5, 1e-6));
  // The line passes nearer to 0, in the middle by the cosine of half the angle.
  const auto line = lerp(a, b, 7);
  const auto cosine = (a * b).sum(1) / 9;
  EXPECT_TRUE(
      torch::allclose(line.select(1, 3).norm(2, 1), 3 * ((1 + cosine) / 2).sqrt(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::equal(line.select(1, 0), a));
  EXPECT_TRUE(torch::equal(line.select(1, 6), b));
}

TEST(Slerp, GoesInEqualAngles) {
  const auto a = torch::tensor({{2.0F, 0.0F}}), b = torch::tensor({{0.0F, 2.0F}});
  const auto way = slerp(a, b, 4)[0];
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(way[i][0].item<double>(), 2 * std::cos(i * M_PI / 6), 1e-6);
    EXPECT_NEAR(way[i][1].item<double>(), 2 * std::sin(i * M_PI / 6), 1e-6);
  }
}

TEST(Slerp, TakesTheLineWhereNoCircleIsTold) {
  const auto a = torch::tensor({{1.0F, 2.0F}, {1.0F, 0.0F}, {0.0F, 0.0F}, {1.0F, 1.0F}});
  const auto b = torch::tensor({{2.0F, 4.0F}, {-1.0F, 0.0F}, {3.0F, 1.0F}, {1.0F, 1.0F}});
  EXPECT_TRUE(torch::allclose(slerp(a, b, 5), lerp(a, b, 5)));
}

TEST(Pairs, AreOfDifferentClassesAndUseNoExampleTwice) {
  const auto set = vectors(torch::zeros({6, 2}), {0, 0, 1, 1, 1, 0}, {"a", "b"});
  EXPECT_TRUE(
      torch::equal(pairs_of(set, 9), torch::tensor({{0, 2}, {1, 3}, {4, 5}}, torch::kLong)));
  EXPECT_EQ(pairs_of(set, 2).size(0), 2);
  const auto same = vectors(torch::zeros({3, 2}), {1, 1, 1}, {"a", "b"});
  EXPECT_EQ(pairs_of(same, 2).size(0), 0);
  EXPECT_TRUE(torch::equal(pairs_of(vectors(torch::zeros({3, 2})), 2),
                           torch::tensor({{0, 1}}, torch::kLong)));
}

TEST(Interpolate, DecodesUnderTheClassOfTheNearerEnd) {
  const auto from = vectors(torch::tensor({{1.0F, 0.0F}}), {0}, {"a", "b"});
  const auto to = vectors(torch::tensor({{0.0F, 1.0F}}), {1}, {"a", "b"});
  const auto run = run_of(std::make_shared<ToyTold>(from.spec));
  const auto way = interpolate(CodeSpace(run, "test"), from, to, 4);
  const auto label = torch::tensor({0.0F, 0.0F, 100.0F, 100.0F}).unsqueeze(1);
  EXPECT_TRUE(torch::allclose(way.linear, way.plain + label));
  EXPECT_NEAR(way.angle[0].item<double>(), M_PI / 2, 1e-6);
  EXPECT_NEAR(way.distance[0].item<double>(), std::sqrt(8.0), 1e-5);
  // Code and example differ by a factor, which leaves the circle a circle.
  EXPECT_TRUE(torch::allclose((way.spherical - label).norm(2, 1), torch::ones({4})));
}

// Decodes a code of two numbers as half of it and a hundred times its class, and encodes nothing.
class ToyPrior : public Model,
                 public Samples,
                 public Decodes,
                 public DrawsPrior,
                 public Conditions {
 public:
  explicit ToyPrior(ExampleSpec example) : Model(std::move(example)) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  bool knows_classes() const override { return !example().classes.empty(); }
  torch::Tensor sample(const SampleRequest& request) override {
    return decode(draw_prior(*request.noise).z, request.label);
  }
  torch::Tensor decode(const torch::Tensor& code, const torch::Tensor& label) override {
    return code / 2 +
           (knows_classes() ? 100 * label.to(torch::kFloat).unsqueeze(1) : torch::zeros({1}));
  }
  bool on_class() const override { return knows_classes(); }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch& given) override {
    return decode(code, given.label);
  }
  int64_t code_dim() const override { return 2; }
  Codes draw_prior(Noise& noise) override { return {noise.normal({2}), {}}; }
};

TEST(Interpolate, GoesBetweenDrawnCodesWhereNothingEncodes) {
  const auto run = run_of(std::make_shared<ToyPrior>(vectors(torch::zeros({1, 2})).spec));
  const CodeSpace space(run, "test", CodesOf::kExamplesOrPrior);
  const auto codes = space.draw(6, 5);
  const auto way = interpolate_drawn(space, 3, 5, 4);
  EXPECT_TRUE(torch::allclose(way.linear.view({3, 4, 2}).select(1, 0),
                              codes.index_select(0, torch::tensor({0, 2, 4})) / 2));
  EXPECT_TRUE(torch::allclose(way.spherical.view({3, 4, 2}).select(1, 3),
                              codes.index_select(0, torch::tensor({1, 3, 5})) / 2));
  // Decoding is linear: so are the pixels between the ends.
  EXPECT_TRUE(torch::allclose(way.linear, way.plain, 1e-5, 1e-6));
  EXPECT_TRUE(torch::equal(space.draw(9, 5).narrow(0, 0, 6), codes));
}

TEST(Interpolate, GoesThroughTheClassesInTurnBetweenDrawnCodes) {
  const auto spec = vectors(torch::zeros({1, 2}), {0}, {"a", "b"}).spec;
  const auto run = run_of(std::make_shared<ToyPrior>(spec));
  const auto way =
      interpolate_drawn(CodeSpace(run, "test", CodesOf::kExamplesOrPrior), 3, 5, 4).linear;
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_NEAR(way.view({3, 8})[i].mean().item<double>(), 100 * (i % 2), 5) << i;
}

// Of examples, codes are searched for: decoding is linear here, so that the ends are met.
TEST(Interpolate, SearchesForCodesOfExamplesWhereNothingEncodes) {
  const auto from = vectors(torch::tensor({{0.4F, -0.3F}})),
             to = vectors(torch::tensor({{0.1F, 0.5F}}));
  const auto run = run_of(std::make_shared<ToyPrior>(from.spec));
  const auto way = interpolate(CodeSpace(run, "test"), from, to, 3);
  EXPECT_TRUE(torch::allclose(way.linear, way.plain, 0.06, 0.01)) << way.linear << way.plain;
}

TEST(Interpolate, MixesAttributesOnTheWay) {
  auto from = vectors(torch::zeros({1, 2})), to = from;
  from.spec.attributes = to.spec.attributes = {"slant"};
  from.attributes = torch::tensor({{-1.0F}});
  to.attributes = torch::tensor({{1.0F}});
  const auto run = run_of(std::make_shared<ToyConditional>(from.spec));
  const auto way = interpolate(CodeSpace(run, "test"), from, to, 5);
  EXPECT_TRUE(torch::allclose(way.linear.select(1, 0), torch::linspace(-1, 1, 5)));
}

// An adversarial autoencoder under labels draws codes by class, and decodes them without.
TEST(CodeSpace, IsUnderNoConditionWhereTheClassDecidesTheCodeAlone) {
  const auto from = vectors(torch::tensor({{1.0F, 0.0F}}), {0}, {"a", "b"});
  const auto to = vectors(torch::tensor({{0.0F, 1.0F}}), {1}, {"a", "b"});
  const auto run = run_of(std::make_shared<ToyModel>(from.spec, true));
  const CodeSpace space(run, "test");
  EXPECT_FALSE(space.on_class());
  EXPECT_FALSE(space.conditional());
  const auto way = interpolate(space, from, to, 4);
  EXPECT_TRUE(torch::allclose(way.linear, way.plain));
  // Nor does it ask for labels, which samples have not.
  auto unlabelled = from;
  unlabelled.label = torch::Tensor();
  EXPECT_TRUE(torch::allclose(space.decode(space.encode(unlabelled), unlabelled), from.x));
}

TEST(CodeSpace, RefusesAModelWithoutCodes) {
  auto run = run_of(std::make_shared<ToyModel>(vectors(torch::zeros({1, 2})).spec, false));
  run.family = &family_named("source_separation", "test");
  Problems problems;
  const ExampleSpec image{Modality::kImage, {1, 12, 12}, {}};
  run.model = run.family->make(Value(), image, problems);
  try {
    const CodeSpace space(run, "interpolate");
    FAIL() << "a model without codes was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find("[interpolate]"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace figment
