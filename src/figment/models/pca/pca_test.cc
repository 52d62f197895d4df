#include "figment/models/pca/pca.h"

#include <gtest/gtest.h>

#include "figment/eval/pca.h"

namespace figment::models {
namespace {

constexpr int64_t kWidth = 6;

torch::Tensor examples(std::uint64_t seed = 1) {
  torch::manual_seed(seed);
  const auto scales = torch::tensor({5.0F, 3.0F, 2.0F, 1.0F, 0.7F, 0.5F});
  return (torch::randn({300, kWidth}) * scales).mm(torch::randn({kWidth, kWidth})) + 3;
}

Batch batch_of(const torch::Tensor& x) {
  Batch batch;
  batch.x = x;
  return batch;
}

Pca make(PcaMethod method, int64_t k) {
  PcaConfig config;
  config.method = method;
  config.latent_dim = k;
  config.optimizer.learning_rate = 0.02;
  config.optimizer.schedule = Schedule::kCosine;
  return {config, {Modality::kVector, {kWidth}, {}}};
}

void pass(Model& model, const Stage& stage, const torch::Tensor& x) {
  model.begin_stage(stage);
  for (const auto& part : x.split(64)) model.training_step(batch_of(part));
  model.end_stage(stage);
}

double error(Pca& model, const torch::Tensor& x) {
  return (model.reconstruct(batch_of(x)) - x).square().sum(1).mean().item<double>();
}

TEST(Pca, IsSolvedInOnePassWhateverTheEpochs) {
  const auto x = examples(), test = examples(2);
  auto model = make(PcaMethod::kClosedForm, 3);
  const auto stages = model.stages(50);
  ASSERT_EQ(stages.size(), 1u);
  EXPECT_EQ(stages[0].epochs, 1);
  EXPECT_TRUE(model.optimizers().empty());
  pass(model, stages[0], x);
  EXPECT_NEAR(error(model, test), pca_sse(x, test, 3), 1e-4 * error(model, test));
  const auto exact = fit_pca(x, 3);
  EXPECT_TRUE(torch::allclose(model.axes(), exact.axes.t(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(model.mean(), exact.mean, 1e-6, 1e-6));
  // Its codes are uncorrelated, by falling variance.
  const auto codes = model.encode(batch_of(x));
  const auto covariance = codes.t().mm(codes) / 299;
  EXPECT_TRUE(torch::allclose(covariance, exact.variance.to(torch::kFloat).diag(), 1e-4, 1e-3));
}

TEST(Pca, KnowsWhatItHasSeenBeforeThePassIsOver) {
  const auto x = examples();
  auto model = make(PcaMethod::kClosedForm, 2);
  const auto stage = model.stages(1)[0];
  model.begin_stage(stage);
  model.training_step(batch_of(x.narrow(0, 0, 200)));
  const auto half = error(model, x);
  EXPECT_NEAR(half, pca_sse(x.narrow(0, 0, 200), x, 2), 1e-4 * half);
  model.training_step(batch_of(x.narrow(0, 200, 100)));
  const auto before = error(model, x);
  EXPECT_LT(before, half);
  // What was judged at the end of the epoch is what the stage concludes with, to the bit.
  model.end_stage(stage);
  EXPECT_EQ(error(model, x), before);
}

TEST(Pca, GoesOnFromItsBuffersInTheMiddleOfAPass) {
  const auto x = examples();
  auto whole = make(PcaMethod::kClosedForm, 2), second = make(PcaMethod::kClosedForm, 2);
  const auto stage = whole.stages(1)[0];
  whole.begin_stage(stage);
  whole.training_step(batch_of(x.narrow(0, 0, 100)));
  for (const auto& item : whole.named_buffers())
    second.named_buffers()[item.key()].copy_(item.value());
  second.begin_stage(stage);
  for (auto* model : {&whole, &second}) {
    model->training_step(batch_of(x.narrow(0, 100, 200)));
    model->end_stage(stage);
  }
  EXPECT_TRUE(torch::equal(whole.axes(), second.axes()));
  EXPECT_TRUE(torch::equal(whole.mean(), second.mean()));
}

TEST(Pca, FindsTheSubspaceByGradientButNotTheAxes) {
  const auto x = examples();
  torch::manual_seed(3);
  auto model = make(PcaMethod::kGradient, 2);
  const auto stages = model.stages(200);
  ASSERT_EQ(stages.size(), 2u);
  pass(model, stages[0], x);
  EXPECT_TRUE(torch::allclose(model.mean(), x.mean(0), 1e-5, 1e-5));
  model.begin_stage(stages[1]);
  for (int step = 0; step < 600; ++step) {
    model.set_clock({step, 600, step});
    model.training_step(batch_of(x));
  }
  const auto exact = fit_pca(x, 2).axes.t();
  // Baldi & Hornik 1989: the only minimum is the subspace of the first components ...
  EXPECT_LT(principal_angles(model.axes(), exact)[0].item<double>(), 1e-3);
  EXPECT_NEAR(error(model, x), pca_sse(x, x, 2), 1e-3 * error(model, x));
  // ... but any axes in it will do.
  EXPECT_LT(model.axes().mm(exact.t()).abs().diagonal().min().item<double>(), 0.99);
  EXPECT_TRUE(torch::allclose(model.axes().mm(model.axes().t()), torch::eye(2), 0, 1e-5));
}

TEST(Pca, RefusesMoreAxesThanElementsAndACovarianceTooLarge) {
  const auto said = [](const PcaConfig& config, const ExampleSpec& example) {
    Problems problems;
    config.check_example(example, {problems, "model", nullptr});
    return problems.lines();
  };
  PcaConfig config;
  config.latent_dim = 5;
  const auto many = said(config, {Modality::kVector, {4}, {}});
  ASSERT_EQ(many.size(), 1u);
  EXPECT_NE(many[0].find("model.latent_dim: expected at most the 4 elements"), std::string::npos);
  const ExampleSpec wide{Modality::kImage, {3, 64, 64}, {}};
  const auto large = said(config, wide);
  ASSERT_EQ(large.size(), 1u);
  EXPECT_NE(large[0].find("model.method: expected gradient"), std::string::npos);
  config.method = PcaMethod::kGradient;
  EXPECT_TRUE(said(config, wide).empty());
}

}  // namespace
}  // namespace figment::models
