#include "figment/eval/restoration.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"
#include "figment/eval/metric.h"
#include "figment/nn/corruption.h"

namespace figment {
namespace {

// Restores by a factor: nothing that it does is learned.
class Shrinks : public Model, public Restores {
 public:
  Shrinks(ExampleSpec example, CorruptionConfig config, double factor)
      : Model(std::move(example)), config_(config), factor_(factor) {
    register_parameter("weight", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  torch::Tensor corrupt(const torch::Tensor& x, Noise& noise) override {
    return figment::corrupt(config_, x, noise);
  }
  torch::Tensor restore(const torch::Tensor& damaged) override { return factor_ * damaged; }

 private:
  CorruptionConfig config_;
  double factor_;
};

class Unable : public Model {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
};

CorruptionConfig noise_of(double sd) {
  CorruptionConfig config;
  config.kind = Corruption::kGaussian;
  config.amount = sd;
  return config;
}

Dataset line(int64_t n) {
  torch::manual_seed(2);
  Dataset set;
  set.spec = {Modality::kVector, {4}, {}};
  set.x = 2 * torch::randn({n, 1}).expand({n, 4}).contiguous() / 2.0;  // variance 4 along (1,1,1,1)
  return set;
}

Measured measure(Model& model, const Dataset& set) {
  static const Family family{"shrinks", "", "", {}, nullptr, nullptr, nullptr, nullptr};
  return metric_named("denoise").measure({model, family, Scaling(), set, set, DataConfig(), 3});
}

double of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

TEST(Denoise, OfVectorsIsTheSquaredErrorBesideTheBestLinearMap) {
  const auto set = line(4000);
  Shrinks model(set.spec, noise_of(0.5), 0.5);
  const auto measured = measure(model, set);
  EXPECT_NEAR(of(measured.baselines, "damaged_sse"), 4 * 0.25, 0.03);
  // Half of x + noise: a quarter of both variances is left.
  EXPECT_NEAR(of(measured.metrics, "restored_sse"), (4 + 1) / 4.0, 0.06);
  // Along the line 4 * 0.25 / (4 + 0.25) is left, across it nothing.
  EXPECT_NEAR(of(measured.baselines, "linear_sse"), 0.235, 0.01);
  EXPECT_EQ(measured.metrics.size(), 1u);
  EXPECT_EQ(measured.baselines.size(), 2u);
}

TEST(Denoise, OfImagesHoldsFiltersAgainstTheModel) {
  torch::manual_seed(2);
  Dataset set;
  set.spec = {Modality::kImage, {1, 16, 16}, {}};
  // Flat pictures: the more one averages the better.
  set.x =
      torch::rand({40, 1, 1, 1}).expand({40, 1, 16, 16}).mul(255).to(torch::kUInt8).contiguous();
  Shrinks model(set.spec, noise_of(0.1), 1);
  const auto measured = measure(model, set);
  const auto& baselines = measured.baselines;
  EXPECT_NEAR(of(baselines, "damaged_psnr"), 20, 0.1);  // -20 log10 0.1
  EXPECT_EQ(of(measured.metrics, "restored_psnr"), of(baselines, "damaged_psnr"));
  EXPECT_EQ(of(measured.metrics, "restored_ssim"), of(baselines, "damaged_ssim"));
  EXPECT_GT(of(baselines, "median_psnr"), 25);
  EXPECT_EQ(of(baselines, "blur_sd"), 2);
  EXPECT_GT(of(baselines, "blur_psnr"), of(baselines, "median_psnr"));
  EXPECT_GT(of(baselines, "blur_ssim"), of(baselines, "damaged_ssim"));
}

TEST(Denoise, RefusesAModelThatKnowsNoDamage) {
  const auto set = line(10);
  Shrinks clean(set.spec, {}, 1);
  Unable unable(set.spec);
  for (auto* model : {static_cast<Model*>(&clean), static_cast<Model*>(&unable)}) try {
      measure(*model, set);
      FAIL() << "went unnoticed";
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kConfig);
      const std::string wanted = model == &clean ? "model.corruption.kind" : "restores";
      EXPECT_NE(std::string(error.what()).find(wanted), std::string::npos) << error.what();
    }
}

TEST(Restoration, DamagesAnExampleAlikeWhereverItStands) {
  const auto set = line(600);  // more than a batch
  Shrinks model(set.spec, noise_of(0.5), 1);
  std::vector<torch::Tensor> all, some;
  for_each_restoration(model, Scaling(), set, 7,
                       [&](const Restoration& r) { all.push_back(r.damaged); });
  for_each_restoration(model, Scaling(), set.first(20), 7,
                       [&](const Restoration& r) { some.push_back(r.damaged); });
  ASSERT_EQ(torch::cat(all).size(0), 600);
  EXPECT_TRUE(torch::equal(torch::cat(all).narrow(0, 0, 20), torch::cat(some)));
  EXPECT_TRUE(torch::equal(restore(model, torch::cat(all)), torch::cat(all)));
}

}  // namespace
}  // namespace figment
