#include "figment/models/flow/layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "figment/core/fast_paths.h"
#include "figment/models/flow/spline.h"

namespace figment::models {
namespace {

using Shape = std::vector<int64_t>;

// Weights away from their start, where many layers are the identity.
void disturb(torch::nn::Module& module, double size = 0.3) {
  torch::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) parameter.add_(torch::randn_like(parameter), size);
}

// The logarithm of |det dy/dx| of the first example, by autograd.
double log_det_by_autograd(FlowLayer& layer, const torch::Tensor& example,
                           const torch::Tensor& condition) {
  const auto x = example.detach().clone().requires_grad_(true);
  const auto y = layer.forward(x, condition).x.flatten();
  std::vector<torch::Tensor> rows;
  for (int64_t i = 0; i < y.size(0); ++i)
    rows.push_back(torch::autograd::grad({y[i]}, {x}, {}, true)[0].flatten());
  return std::get<1>(torch::linalg_slogdet(torch::stack(rows))).item<double>();
}

struct Case {
  const char* name;
  Shape shape;
  std::function<std::shared_ptr<FlowLayer>()> make;
  int64_t condition = 0;
};

const FlowNetworkOptions kPlain = {{7, 6}, Activation::kTanh, 0};
const FlowNetworkOptions kOnClass = {{7, 6}, Activation::kTanh, 3};

std::vector<Case> cases() {
  const ElementMapOptions affine = {ElementMap::kAffine, 4, 2};
  const ElementMapOptions additive = {ElementMap::kAdditive, 4, 2};
  const ElementMapOptions curve = {ElementMap::kSpline, 4, 2};
  const auto coupling = [](Shape shape, bool board, bool other, ElementMapOptions map,
                           FlowNetworkOptions network = kPlain) {
    return [=]() -> std::shared_ptr<FlowLayer> {
      return std::make_shared<CouplingLayer>(shape, board, other, map, network);
    };
  };
  const auto autoregressive = [](int64_t columns, bool reversed, ElementMapOptions map,
                                 FlowNetworkOptions network = kPlain) {
    return [=]() -> std::shared_ptr<FlowLayer> {
      return std::make_shared<AutoregressiveLayer>(columns, reversed, map, network);
    };
  };
  return {
      {"actnorm", {5}, [] { return std::make_shared<ActnormLayer>(5); }},
      {"actnorm of an image", {3, 2, 4}, [] { return std::make_shared<ActnormLayer>(3); }},
      {"marginal", {5}, [] { return std::make_shared<MarginalLayer>(5, 6, 2); }},
      {"marginal of an image", {3, 2, 4}, [] { return std::make_shared<MarginalLayer>(3, 4, 2); }},
      {"linear", {5}, [] { return std::make_shared<LinearLayer>(5); }},
      {"linear of an image", {3, 2, 4}, [] { return std::make_shared<LinearLayer>(3); }},
      {"reverse", {5}, [] { return std::make_shared<ReverseLayer>(); }},
      {"affine coupling", {5}, coupling({5}, false, false, affine)},
      {"affine coupling, other half", {5}, coupling({5}, false, true, affine)},
      {"additive coupling", {5}, coupling({5}, false, false, additive)},
      {"spline coupling", {5}, coupling({5}, false, true, curve)},
      {"coupling of channels", {3, 2, 4}, coupling({3, 2, 4}, false, true, affine)},
      {"spline coupling of channels", {3, 2, 4}, coupling({3, 2, 4}, false, false, curve)},
      {"checkerboard", {2, 2, 4}, coupling({2, 2, 4}, true, false, affine)},
      {"checkerboard, other half", {1, 4, 4}, coupling({1, 4, 4}, true, true, curve)},
      {"conditional coupling", {5}, coupling({5}, false, false, affine, kOnClass), 3},
      {"conditional checkerboard",
       {1, 4, 2},
       coupling({1, 4, 2}, true, false, affine, kOnClass),
       3},
      {"affine autoregressive", {5}, autoregressive(5, false, affine)},
      {"reversed autoregressive", {5}, autoregressive(5, true, affine)},
      {"spline autoregressive", {4}, autoregressive(4, true, curve)},
      {"one column", {1}, autoregressive(1, false, affine)},
      {"conditional autoregressive", {4}, autoregressive(4, false, affine, kOnClass), 3},
      {"reversed conditional autoregressive", {4}, autoregressive(4, true, curve, kOnClass), 3},
      {"one column on the condition", {1}, autoregressive(1, false, affine, kOnClass), 3},
  };
}

torch::Tensor examples(const Shape& shape, int64_t n) {
  Shape sizes = {n};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return torch::randn(sizes, torch::kDouble) * 1.5;  // beyond the spline's bound too
}

torch::Tensor condition_for(const Case& c, int64_t n) {
  return c.condition > 0 ? torch::randn({n, c.condition}, torch::kDouble) : torch::Tensor();
}

TEST(FlowLayers, StretchSpaceAsTheySay) {
  for (const auto& c : cases()) {
    torch::manual_seed(4);
    const auto layer = c.make();
    layer->to(torch::kDouble);
    disturb(*layer);
    const auto x = examples(c.shape, 3);
    const auto condition = condition_for(c, 3);
    const auto log_det = layer->forward(x, condition).log_det;
    ASSERT_EQ(log_det.sizes(), (Shape{3})) << c.name;
    for (int64_t i = 0; i < 3; ++i) {
      const auto own = c.condition > 0 ? condition.narrow(0, i, 1) : torch::Tensor();
      EXPECT_NEAR(log_det[i].item<double>(), log_det_by_autograd(*layer, x.narrow(0, i, 1), own),
                  1e-9)
          << c.name;
    }
  }
}

// The networks by matrix products are the convolutions and layers that they stand for.
TEST(FlowLayers, ComputeTheSameTheFastWay) {
  const ElementMapOptions affine = {ElementMap::kAffine, 4, 2};
  const FlowNetworkOptions plain = {{7, 6}, Activation::kRelu, 0};
  const FlowNetworkOptions on_class = {{7, 6}, Activation::kRelu, 3};
  struct Layer {
    Shape shape;
    bool board;
    FlowNetworkOptions network;
  };
  const std::vector<Layer> layers = {{{5}, false, plain},
                                     {{5}, false, on_class},
                                     {{3, 3, 5}, false, plain},
                                     {{4, 1, 2}, false, on_class},
                                     {{1, 4, 6}, true, on_class}};
  for (const auto& c : layers) {
    torch::manual_seed(8);
    CouplingLayer layer(c.shape, c.board, false, affine, c.network);
    layer.to(torch::kDouble);
    disturb(layer);
    const auto x = examples(c.shape, 5);
    const auto condition =
        c.network.condition > 0 ? torch::randn({5, 3}, torch::kDouble) : torch::Tensor();
    const auto weights = torch::randn_like(x);
    const auto computed = [&] {
      auto leaf = x.detach().clone().requires_grad_();
      const auto y = layer.forward(leaf, condition);
      auto inputs = layer.parameters();
      inputs.push_back(leaf);
      auto all =
          torch::autograd::grad({(y.x * weights).sum() + 0.7 * y.log_det.square().sum()}, inputs);
      all.push_back(y.x);
      all.push_back(y.log_det);
      return all;
    };
    const auto fast = computed();
    const FastPathsScope off(false);
    const auto slow = computed();
    ASSERT_EQ(fast.size(), slow.size());
    for (std::size_t i = 0; i < fast.size(); ++i)
      EXPECT_TRUE(torch::allclose(fast[i], slow[i], 1e-9, 1e-10)) << c.shape << " " << i;
  }
}

TEST(FlowLayers, GoBackToWhereTheyCameFrom) {
  torch::NoGradGuard no_grad;
  for (const auto& c : cases()) {
    torch::manual_seed(5);
    const auto layer = c.make();
    disturb(*layer);
    const auto x = examples(c.shape, 50).to(torch::kFloat);
    const auto given = condition_for(c, 50);
    const auto condition = given.defined() ? given.to(torch::kFloat) : given;
    const auto y = layer->forward(x, condition).x;
    EXPECT_EQ(y.sizes(), x.sizes()) << c.name;
    EXPECT_GT((y - x).abs().max().item<float>(), 0.01) << c.name;
    const auto back = layer->inverse(y, condition);
    EXPECT_LT((back - x).abs().max().item<float>(), 1e-4) << c.name;
  }
}

TEST(FlowLayers, BeginAsTheIdentityOrARotation) {
  torch::NoGradGuard no_grad;
  for (const auto& c : cases()) {
    const auto layer = c.make();
    layer->to(torch::kDouble);
    const auto x = examples(c.shape, 4);
    const auto out = layer->forward(x, condition_for(c, 4));
    EXPECT_LT(out.log_det.abs().max().item<double>(), 1e-6) << c.name;
    EXPECT_NEAR((out.x.norm() / x.norm()).item<double>(), 1, 1e-6) << c.name;
  }
}

TEST(FlowLayers, ActnormTakesItsStartFromTheFirstBatch) {
  torch::NoGradGuard no_grad;
  ActnormLayer layer(3);
  const auto x = torch::randn({40, 3, 5, 5}) * 7 + 3;
  layer.begin_with(x);
  const auto rows = layer.forward(x, {}).x.transpose(0, 1).flatten(1);
  EXPECT_LT(rows.mean(1).abs().max().item<float>(), 1e-4);
  EXPECT_LT((rows.std(1, false) - 1).abs().max().item<float>(), 1e-3);
  ActnormLayer flat(2);
  flat.begin_with(torch::ones({10, 2}));  // no variance at all
  EXPECT_TRUE(flat.forward(torch::ones({1, 2}), {}).x.isfinite().all().item<bool>());
}

// Pixels that are black four times in five, but for their grain: no affine map makes them normal.
TEST(FlowLayers, AMarginalLayerMakesTheFirstBatchNormal) {
  torch::manual_seed(9);
  torch::NoGradGuard no_grad;
  const auto options = torch::TensorOptions(torch::kDouble);
  const auto black = torch::rand({200, 2, 8, 8}, options) < 0.8;
  const auto x = torch::where(black, -2.9 + 0.05 * torch::rand({200, 2, 8, 8}, options),
                              4 * torch::rand({200, 2, 8, 8}, options) - 2);
  MarginalLayer layer(2, 32, 3);
  layer.to(torch::kDouble);
  layer.begin_with(x);
  const auto out = layer.forward(x, {});
  const auto rows = std::get<0>(out.x.transpose(0, 1).flatten(1).sort(1));
  // Kolmogorov's distance from the normal distribution: within the piece that spans the gap; an
  // affine map leaves 0.3.
  const auto m = static_cast<double>(rows.size(1));
  const auto expected = (torch::arange(rows.size(1), options) + 0.5) / m;
  const auto share = 0.5 * (1 + torch::erf(rows / std::sqrt(2.0)));
  EXPECT_LT((share - expected).abs().max().item<double>(), 0.1);
  // A column of one value.
  MarginalLayer flat(2, 8, 3);
  flat.begin_with(torch::ones({10, 2}));
  EXPECT_TRUE(flat.forward(torch::ones({4, 2}), {}).log_det.isfinite().all().item<bool>());
}

TEST(FlowLayers, AnAutoregressiveLayerLooksBackOnly) {
  for (const auto& network : {kPlain, kOnClass}) {
    AutoregressiveLayer layer(5, false, {ElementMap::kAffine, 4, 2}, network);
    disturb(layer);
    const auto x = torch::randn({1, 5}).requires_grad_(true);
    const auto condition = network.condition > 0 ? torch::randn({1, 3}) : torch::Tensor();
    const auto y = layer.forward(x, condition).x;
    for (int64_t i = 0; i < 5; ++i) {
      const auto gradient = torch::autograd::grad({y[0][i]}, {x}, {}, true)[0][0];
      for (int64_t j = 0; j < 5; ++j) {
        if (j > i)
          EXPECT_EQ(gradient[j].item<float>(), 0) << i << j;
        else
          EXPECT_NE(gradient[j].item<float>(), 0) << i << j;
      }
    }
  }
}

TEST(FlowLayers, AnAutoregressiveLayerTellsEveryColumnTheCondition) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(10);
  for (const int64_t columns : {1, 2, 4})
    for (const bool reversed : {false, true}) {
      AutoregressiveLayer layer(columns, reversed, {ElementMap::kAffine, 4, 2}, kOnClass);
      disturb(layer);
      const auto x = torch::randn({1, columns}).expand({2, columns});
      const auto y = layer.forward(x, torch::eye(3).narrow(0, 0, 2)).x;
      EXPECT_GT((y[0] - y[1]).abs().min().item<float>(), 1e-6) << columns << reversed;
    }
}

TEST(FlowLayers, TheSquaresOfACheckerboardSayHowTheOthersMove) {
  CouplingLayer layer({1, 4, 4}, true, false, {ElementMap::kAffine, 4, 2}, kPlain);
  disturb(layer);
  const auto x = torch::randn({2, 1, 4, 4});
  const auto y = layer.forward(x, {}).x;
  for (int64_t row = 0; row < 4; ++row)
    for (int64_t column = 0; column < 4; ++column) {
      const auto moved = (y - x).abs().select(2, row).select(2, column).max().item<float>();
      if ((row + column) % 2 == 0)
        EXPECT_EQ(moved, 0) << row << column;
      else
        EXPECT_GT(moved, 0) << row << column;
    }
}

TEST(FlowLayers, SqueezingPixelsLosesNone) {
  const auto x = torch::arange(2 * 3 * 4 * 6).to(torch::kFloat).view({2, 3, 4, 6});
  const auto y = squeeze_pixels(x);
  EXPECT_EQ(y.sizes(), (Shape{2, 12, 2, 3}));
  EXPECT_TRUE(torch::equal(unsqueeze_pixels(y), x));
  // The four pixels of a square are four channels next to each other.
  EXPECT_EQ(y[0][1][0][0].item<float>(), x[0][0][0][1].item<float>());
  EXPECT_EQ(y[0][2][0][0].item<float>(), x[0][0][1][0].item<float>());
}

TEST(Spline, IsMonotoneAndSmoothAndEndsInTheIdentity) {
  torch::manual_seed(6);
  const auto raw = (torch::randn({1, spline_parameters(5)}, torch::kDouble) * 2).expand({4001, -1});
  const auto x = torch::linspace(-4, 4, 4001, torch::kDouble).requires_grad_(true);
  const auto mapped = spline(x, raw, 3);
  const auto slope = torch::autograd::grad({mapped.y.sum()}, {x})[0];
  EXPECT_TRUE((slope > 0).all().item<bool>());
  EXPECT_LT((slope.log() - mapped.log_derivative).abs().max().item<double>(), 1e-9);
  const auto step = mapped.y.slice(0, 1) - mapped.y.slice(0, 0, -1);
  EXPECT_TRUE((step > 0).all().item<bool>());
  // Two derivatives next to one another hardly differ: no jump at a knot.
  EXPECT_LT((slope.slice(0, 1) - slope.slice(0, 0, -1)).abs().max().item<double>(),
            0.1 * slope.max().item<double>());
  const auto outside = x.abs() >= 3;
  EXPECT_TRUE(torch::equal(mapped.y.masked_select(outside), x.masked_select(outside)));
  const auto back = inverse_spline(mapped.y, raw, 3);
  EXPECT_LT((back.y - x).abs().max().item<double>(), 1e-9);
  EXPECT_LT((back.log_derivative + mapped.log_derivative).abs().max().item<double>(), 1e-6);
}

TEST(Spline, OfZerosIsTheIdentity) {
  const auto x = torch::linspace(-2, 2, 41, torch::kDouble);
  const auto raw = torch::zeros({41, spline_parameters(8)}, torch::kDouble);
  const auto mapped = spline(x, raw, 3);
  EXPECT_LT((mapped.y - x).abs().max().item<double>(), 1e-12);
  EXPECT_LT(mapped.log_derivative.abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace figment::models
