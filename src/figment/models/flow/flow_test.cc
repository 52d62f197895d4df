#include "figment/models/flow/flow.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"

namespace figment::models {
namespace {

const ExampleSpec kPair{Modality::kVector, {2}, {}};
const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {"a", "b", "c"}};

void disturb(Flow& flow, double size) {
  torch::NoGradGuard no_grad;
  for (auto& parameter : flow.parameters()) parameter.add_(torch::randn_like(parameter), size);
}

std::vector<std::string> problems_of(const FlowConfig& config, const ExampleSpec& example) {
  Problems problems;
  config.check({problems, "model", nullptr});
  config.check_example(example, {problems, "model", nullptr});
  return problems.lines();
}

FlowConfig small(std::vector<LayerKind> step, int64_t levels = 0) {
  FlowConfig config;
  config.step = std::move(step);
  config.levels = levels;
  config.steps = 2;
  config.hidden = {8};
  config.activation = Activation::kTanh;
  return config;
}

Batch batch_of(const torch::Tensor& x, const torch::Tensor& label = {}) {
  Batch batch;
  batch.x = x;
  batch.label = label;
  return batch;
}

TEST(Flow, HasADensityThatIntegratesToOne) {
  torch::NoGradGuard no_grad;
  for (const auto kind : {LayerKind::kCoupling, LayerKind::kAutoregressive})
    for (const auto map : {ElementMap::kAffine, ElementMap::kSpline}) {
      torch::manual_seed(2);
      auto config = small({LayerKind::kActnorm, LayerKind::kLinear, kind});
      config.map = map;
      Flow flow(config, kPair);
      disturb(flow, 0.2);
      flow.to(torch::kDouble);
      constexpr int64_t kSide = 601;
      const auto line = torch::linspace(-12, 12, kSide, torch::kDouble);
      const auto x = torch::stack({line.repeat({kSide}), line.repeat_interleave(kSide)}, 1);
      Noise noise(1, 0, x.size(0));
      const auto density = flow.log_density(batch_of(x), noise).total.exp();
      const auto cell = std::pow(24.0 / (kSide - 1), 2);
      EXPECT_NEAR((density.sum() * cell).item<double>(), 1, 1e-3);
    }
}

// The noise of the grain is within one grey step, so that the probabilities of all 256 greys, each
// the integral over its step, sum to one.
TEST(Flow, GivesTheGreysOfOnePixelProbabilitiesThatSumToOne) {
  torch::NoGradGuard no_grad;
  const ExampleSpec pixel{Modality::kImage, {1, 1, 1}, {}};
  for (const auto margin : {0.0, 0.05}) {
    torch::manual_seed(3);
    auto config = small({LayerKind::kActnorm, LayerKind::kAutoregressive});
    config.map = ElementMap::kSpline;
    config.logit_margin = margin;
    Flow flow(config, pixel);
    disturb(flow, 0.3);
    flow.to(torch::kDouble);
    constexpr int64_t kPoints = 200;  // of a grey step
    const auto grey = torch::arange(256, torch::kDouble).repeat_interleave(kPoints) / 255;
    const auto grain = ((torch::arange(kPoints, torch::kDouble) + 0.5) / kPoints).repeat({256});
    const auto coded = flow.code_of(grey.view({-1, 1, 1, 1}), grain.view({-1, 1, 1, 1}), {});
    const auto log_normal = -0.5 * coded.code.square().sum(1) - 0.5 * std::log(2 * M_PI);
    // Per pixel in [0, 1], whose greys are 1/255 apart; noise reaches a step beyond the whitest.
    const auto total = ((log_normal + coded.log_det).exp().mean() * 256 / 255).item<double>();
    // What the noise's side puts beyond the pixels' range is lost: with a margin, or a cut.
    EXPECT_LT(total, 1 + 1e-6) << margin;
    EXPECT_GT(total, margin == 0 ? 0.2 : 0.8) << margin;
    // All of it is within the range of the map: the density over the whole line is one.
    const auto ends = torch::tensor({0.0, 1.0}, torch::kDouble).view({2, 1, 1, 1});
    const auto at =
        flow.code_of(ends, torch::tensor({0.0, 1.0}, torch::kDouble).view({2, 1, 1, 1}), {});
    const auto cdf = 0.5 * (1 + torch::erf(at.code.flatten() / std::sqrt(2.0)));
    EXPECT_NEAR(total, (cdf[1] - cdf[0]).item<double>(), 1e-4) << margin;
  }
}

// The logarithm of |det d code / d x| of one picture, by autograd.
double log_det_by_autograd(Flow& flow, const torch::Tensor& picture, const torch::Tensor& grain,
                           const torch::Tensor& label) {
  const auto x = picture.detach().clone().requires_grad_(true);
  const auto code = flow.code_of(x, grain, label).code[0];
  std::vector<torch::Tensor> rows;
  for (int64_t i = 0; i < code.size(0); ++i)
    rows.push_back(torch::autograd::grad({code[i]}, {x}, {}, true)[0].flatten());
  return std::get<1>(torch::linalg_slogdet(torch::stack(rows))).item<double>();
}

// Everything between a picture and its code: grey steps, the logarithm of odds, the squares of four
// pixels, the layers of each level, and the half that is done as the other half predicts it.
TEST(Flow, StretchesAPictureAsItSays) {
  const ExampleSpec picture{Modality::kImage, {1, 4, 4}, {"a", "b", "c"}};
  struct Case {
    std::vector<LayerKind> step;
    double margin;
    bool conditional;
    int64_t bins;
  };
  const std::vector<Case> cases = {
      {{LayerKind::kActnorm, LayerKind::kLinear, LayerKind::kCoupling}, 0.05, false, 0},
      {{LayerKind::kActnorm, LayerKind::kLinear, LayerKind::kCoupling}, 0, true, 4},
      {{LayerKind::kCheckerboard, LayerKind::kActnorm, LayerKind::kSqueeze, LayerKind::kCoupling},
       0.05,
       true,
       4}};
  for (std::size_t c = 0; c < cases.size(); ++c) {
    torch::manual_seed(6);
    auto config = small(cases[c].step, 2);
    config.logit_margin = cases[c].margin;
    config.class_conditional = cases[c].conditional;
    config.marginal_bins = cases[c].bins;
    Flow flow(config, picture);
    disturb(flow, 0.2);
    flow.to(torch::kDouble);
    const auto x = torch::randint(0, 256, {3, 1, 4, 4}, torch::kDouble) / 255;
    const auto grain = torch::rand({3, 1, 4, 4}, torch::kDouble);
    const auto label = torch::arange(3);
    const auto log_det = flow.code_of(x, grain, label).log_det;
    for (int64_t i = 0; i < 3; ++i)
      EXPECT_NEAR(log_det[i].item<double>(),
                  log_det_by_autograd(flow, x.narrow(0, i, 1), grain.narrow(0, i, 1),
                                      label.narrow(0, i, 1)),
                  1e-8)
          << c;
  }
}

TEST(Flow, ComesBackFromItsCode) {
  torch::NoGradGuard no_grad;
  const auto x = (torch::rand({5, 1, 8, 8}) * 255).round() / 255;
  const auto label = torch::tensor({0, 1, 2, 0, 1}, torch::kLong);
  for (const auto& config :
       {small({LayerKind::kActnorm, LayerKind::kLinear, LayerKind::kCoupling}, 2),
        small({LayerKind::kCheckerboard, LayerKind::kActnorm}, 2),
        small({LayerKind::kCheckerboard, LayerKind::kActnorm, LayerKind::kSqueeze,
               LayerKind::kCoupling, LayerKind::kActnorm},
              2),
        small({LayerKind::kAutoregressive, LayerKind::kReverse}, 0)})
    for (const bool conditional : {false, true}) {
      auto own = config;
      own.class_conditional = conditional;
      Flow flow(own, kPicture);
      disturb(flow, 0.05);
      const auto code = flow.encode(batch_of(x, label));
      EXPECT_EQ(code.sizes(), (std::vector<int64_t>{5, 64}));
      const auto back = flow.decode(code, label);
      EXPECT_LT((back - x).abs().max().item<float>(), 1e-4);
    }
}

TEST(Flow, BeginsALevelWithItsSqueezeUnlessToldWhere) {
  torch::NoGradGuard no_grad;
  const auto made = [](bool told, int64_t bins) {
    std::vector<LayerKind> step = {LayerKind::kActnorm, LayerKind::kLinear, LayerKind::kCoupling};
    if (told) step.insert(step.begin(), LayerKind::kSqueeze);
    auto config = small(step, 2);
    config.marginal_bins = bins;
    torch::manual_seed(7);
    return std::make_shared<Flow>(config, kPicture);
  };
  const auto x = torch::rand({3, 1, 8, 8});
  for (const int64_t bins : {0, 4}) {
    const auto plain = made(false, bins), told = made(true, bins);
    // The names by which checkpoints know the layers.
    const auto names = plain->named_parameters().keys();
    EXPECT_EQ(names[0], bins > 0 ? "level1_marginal.raw" : "level1_layer1.shift");
    const auto last = bins > 0 ? "level1_layer7" : "level1_layer6";
    EXPECT_TRUE(plain->named_parameters().contains(std::string(last) + ".network.layer1.weight"));
    EXPECT_TRUE(plain->named_parameters().contains("level2_layer6.network.layer1.weight"));
    EXPECT_EQ(names, told->named_parameters().keys());
    EXPECT_TRUE(torch::equal(plain->encode(batch_of(x)), told->encode(batch_of(x))));
    // A spline for each of the four pixels of a square.
    if (bins > 0) {
      EXPECT_EQ(plain->named_parameters()["level1_marginal.raw"].size(0), 4);
    }
  }
}

// Of single pixels before the squeeze, of squares of four behind it.
TEST(Flow, HasBoardsOfPixelsBeforeTheSqueeze) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(8);
  const auto x = torch::rand({4, 1, 8, 8});
  for (const bool before : {true, false}) {
    auto config = small(before ? std::vector{LayerKind::kCheckerboard, LayerKind::kSqueeze}
                               : std::vector{LayerKind::kCheckerboard},
                        1);
    config.steps = 1;
    config.logit_margin = 0;
    Flow flow(config, kPicture);
    disturb(flow, 0.2);
    const auto y = unsqueeze_pixels(flow.encode(batch_of(x)).view({4, 4, 4, 4}));
    const auto moved = (y - ((x * 255 + 0.5) / 256 - 0.5)).abs().amax({0, 1});
    for (int64_t row = 0; row < 8; ++row)
      for (int64_t column = 0; column < 8; ++column) {
        const bool white = before ? (row + column) % 2 == 1 : (row / 2 + column / 2) % 2 == 1;
        EXPECT_EQ(moved[row][column].item<float>() > 1e-5, white) << before << row << column;
      }
  }
}

// Three boards, the squeeze and three couplings of channels at every level (section 3.6).
TEST(Flow, TakesTheOrderOfRealNvp) {
  torch::NoGradGuard no_grad;
  const ExampleSpec scan{Modality::kImage, {1, 28, 28}, {}};
  auto config = small({LayerKind::kCheckerboard, LayerKind::kActnorm, LayerKind::kSqueeze,
                       LayerKind::kCoupling, LayerKind::kActnorm},
                      2);
  config.steps = 3;
  ASSERT_TRUE(problems_of(config, scan).empty());
  Flow flow(config, scan);
  disturb(flow, 0.02);
  const auto x = torch::randint(0, 256, {3, 1, 28, 28}).to(torch::kFloat) / 255;
  EXPECT_LT((flow.decode(flow.encode(batch_of(x)), {}) - x).abs().max().item<float>(), 1e-4);
}

TEST(Flow, DependsOnTheClassOnlyWhenTold) {
  torch::NoGradGuard no_grad;
  const std::vector<std::string> classes = {"a", "b", "c"};
  const std::vector<std::pair<FlowConfig, ExampleSpec>> cases = {
      {small({LayerKind::kCoupling}, 1), kPicture},
      {small({LayerKind::kAutoregressive}), {Modality::kVector, {1}, classes}},
      {small({LayerKind::kAutoregressive}), {Modality::kVector, {2}, classes}}};
  for (const auto& [plain, spec] : cases)
    for (const bool conditional : {false, true}) {
      auto sizes = spec.shape;
      sizes.insert(sizes.begin(), 4);
      const auto x = torch::rand(sizes);
      auto config = plain;
      config.class_conditional = conditional;
      config.steps = 1;
      Flow flow(config, spec);
      disturb(flow, 0.2);
      const auto given = [&](int64_t label) {
        return batch_of(x, torch::full({4}, label, torch::kLong));
      };
      const auto density = [&](int64_t label) {
        Noise noise(1, 0, 4);
        return flow.log_density(given(label), noise).total;
      };
      EXPECT_EQ(torch::equal(density(0), density(2)), !conditional) << spec.text();
      EXPECT_EQ(flow.knows_classes(), conditional);
      // The first column too, of which no other column tells anything.
      if (spec.modality == Modality::kVector) {
        const auto first = [&](int64_t label) { return flow.encode(given(label)).select(1, 0); };
        EXPECT_EQ(torch::equal(first(0), first(2)), !conditional) << spec.text();
      }
    }
}

TEST(Flow, AsksForTheLabelsItNeeds) {
  auto config = small({LayerKind::kCoupling}, 1);
  config.class_conditional = true;
  Flow flow(config, kPicture);
  EXPECT_THROW(flow.encode(batch_of(torch::rand({2, 1, 8, 8}))), Error);
}

TEST(Flow, LearnsANormalToItsEntropy) {
  torch::manual_seed(1);
  auto config = small({LayerKind::kActnorm, LayerKind::kLinear, LayerKind::kCoupling});
  config.optimizer.learning_rate = 1e-2;
  Flow flow(config, kPair);
  const auto mix = torch::tensor({{2.0f, 0.0f}, {1.0f, 0.5f}});
  const auto draw = [&](int64_t n) { return torch::randn({n, 2}).mm(mix.t()) + 3; };
  for (int64_t step = 0; step < 300; ++step) {
    flow.set_clock({step, 300, 0});
    flow.training_step(batch_of(draw(256)));
  }
  torch::NoGradGuard no_grad;
  Noise noise(1, 0, 20000);
  const auto nll = -flow.log_density(batch_of(draw(20000)), noise).total.mean().item<double>();
  const auto entropy = 1 + std::log(2 * M_PI);  // |det mix| = 1
  EXPECT_NEAR(nll, entropy, 0.05);
  SampleRequest request;
  Noise draws(2, 0, 20000);
  request.n = 20000;
  request.noise = &draws;
  const auto samples = flow.sample(request);
  EXPECT_NEAR(samples.select(1, 0).mean().item<double>(), 3, 0.1);
  EXPECT_NEAR(samples.select(1, 0).std().item<double>(), 2, 0.1);
}

TEST(Flow, TheMarginalsOfPixelsReachBlackAndWhite) {
  torch::manual_seed(5);
  for (const auto margin : {0.05, 0.001}) {
    auto config = small({LayerKind::kCoupling}, 1);
    config.marginal_bins = 16;
    config.logit_margin = margin;  // .001: black becomes -6.9, beyond `bound`
    config.optimizer.learning_rate = 1e-12;
    Flow flow(config, kPicture);
    const auto x = (torch::rand({64, 1, 8, 8}) - 0.7).clamp_min(0) / 0.3;  // mostly black
    flow.set_clock({0, 1, 0});
    flow.training_step(batch_of(x));  // begins with it; couplings begin as the identity
    const auto code = flow.encode(batch_of(x));
    EXPECT_NEAR(code.mean().item<double>(), 0, 0.5) << margin;
    EXPECT_NEAR(code.std().item<double>(), 1, 0.5) << margin;
  }
}

TEST(Flow, RefusesWhatDoesNotFit) {
  const auto says = [](const FlowConfig& config, const ExampleSpec& example, const char* words) {
    const auto lines = problems_of(config, example);
    ASSERT_FALSE(lines.empty()) << words;
    EXPECT_NE(lines[0].find(words), std::string::npos) << lines[0];
  };
  says(small({}), kPair, "model.step: expected at least one layer");
  says(small({LayerKind::kActnorm}), kPair, "expected a coupling, checkerboard or autoregressive");
  says(small({LayerKind::kCheckerboard}), kPair, "expected images with levels");
  says(small({LayerKind::kCoupling}, 4), kPicture, "model.levels: expected at most 3");
  says(small({LayerKind::kCheckerboard}, 3), kPicture,
       "expected no checkerboard behind the squeeze of level 3");
  EXPECT_TRUE(
      problems_of(small({LayerKind::kCheckerboard, LayerKind::kSqueeze}, 3), kPicture).empty());
  says(small({LayerKind::kCheckerboard, LayerKind::kSqueeze}, 1), {Modality::kImage, {1, 7, 8}, {}},
       "model.levels: expected at most 0");
  says(small({LayerKind::kSqueeze, LayerKind::kCoupling, LayerKind::kSqueeze}, 1), kPicture,
       "expected squeeze at most once");
  says(small({LayerKind::kCoupling, LayerKind::kSqueeze}, 1), kPicture,
       "expected no coupling before squeeze");
  says(small({LayerKind::kSqueeze, LayerKind::kCoupling}), kPair,
       "expected images with levels of at least 1 for squeeze");
  says(small({LayerKind::kAutoregressive}, 1), kPicture, "expected no autoregressive layer");
  says(small({LayerKind::kCoupling}), {Modality::kVector, {1}, {}}, "at least 2 numbers");
  auto conditional = small({LayerKind::kCoupling});
  conditional.class_conditional = true;
  says(conditional, kPair, "model.class_conditional: expected examples with classes");
  auto bare = small({LayerKind::kCoupling});
  bare.hidden.clear();
  says(bare, kPair, "model.hidden: expected at least one width");
  EXPECT_TRUE(problems_of(small({LayerKind::kCoupling}, 3), kPicture).empty());
}

}  // namespace
}  // namespace figment::models
