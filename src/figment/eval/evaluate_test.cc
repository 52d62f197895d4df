#include "figment/eval/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/data/padding.h"
#include "figment/eval/pca.h"
#include "figment/model/conditions.h"

namespace figment {
namespace {

// Reconstructs everything as ones; its code is the first two elements.
class Ones : public Model, public Encodes, public Reconstructs {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t code_dim() const override { return 2; }
  torch::Tensor encode(const Batch& batch) override { return batch.x.flatten(1).narrow(1, 0, 2); }
  torch::Tensor reconstruct(const Batch& batch) override { return torch::ones_like(batch.x); }
};

// Is given the left half of an image of 2 x 2 and copies it.
class RightOnes : public Ones, public Conditions, public CompletesPart {
 public:
  using Ones::Ones;
  torch::Tensor reconstruct(const Batch& batch) override {
    return torch::where(known() > 0, batch.x, torch::ones_like(batch.x));
  }
  bool on_class() const override { return false; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return true; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch&) override { return code; }
  torch::Tensor known() const override {
    return torch::tensor({1.F, 0.F}).expand({1, 1, 2, 2}).contiguous();
  }
  torch::Tensor guess(const Batch& batch) override { return torch::zeros_like(batch.x); }
};

Dataset series(const torch::Tensor& x, const torch::Tensor& length) {
  Dataset out;
  out.name = "series";
  out.spec = {Modality::kSeries, {x.size(1), 1}, {}, {}};
  out.x = x.unsqueeze(2);
  out.length = length;
  return out;
}

double value_of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

// Of mean 5 and variance 8 without what pads them: -4, -2 and 0, 2, 4 over the root of 8.
Dataset two_series() {
  return series(torch::tensor({{1.F, 3.F, 99.F}, {5.F, 7.F, 9.F}}), torch::tensor({2, 3}));
}

TEST(Evaluate, PassesOverPaddingOfSeries) {
  const auto set = two_series();
  const auto scaling = Scaling::fit(set, ScalingKind::kStandard);
  Ones model(set.spec);
  double wanted = 0;
  for (const auto number : {-4.0, -2.0, 0.0, 2.0, 4.0})
    wanted += std::pow(number / std::sqrt(8.0) - 1, 2) / 2;
  EXPECT_NEAR(value_of(evaluate(model, scaling, set, 1), "reconstruction_sse"), wanted, 1e-5);
}

TEST(Baselines, AreMeasuredAsTheModelIs) {
  const auto set = two_series();
  const auto scaling = Scaling::fit(set, ScalingKind::kStandard);
  Ones model(set.spec);
  // The means are -2, 0 and, of the longer one alone, 4: each series is off by 2 twice.
  EXPECT_NEAR(value_of(baselines(model, scaling, set, set), "mean_sse"), 1, 1e-5);
}

// What is given costs neither the model nor those beside it anything.
TEST(Baselines, AreJudgedOnThePartThatIsNotGiven) {
  Dataset set;
  set.name = "images";
  set.spec = {Modality::kImage, {1, 2, 2}, {}, {}};
  const auto left = torch::tensor({0, 255, 0}), right = torch::tensor({0, 255, 255});
  set.x = torch::stack({left, right, left, right}, 1).to(torch::kByte).view({3, 1, 2, 2});
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  RightOnes model(set.spec);
  const auto found = evaluate(model, scaling, set, 1);
  EXPECT_NEAR(value_of(found, "reconstruction_sse"), 2.0 / 3, 1e-5);
  EXPECT_NEAR(value_of(found, "reconstruction_psnr"), (0 + 120 + 120) / 3.0, 1e-4);
  const auto beside = baselines(model, scaling, set, set);
  EXPECT_NEAR(value_of(beside, "mean_sse"), 2 * (2.0 / 9), 1e-5);
  EXPECT_NEAR(value_of(beside, "pca_2_sse"), 0, 1e-5);
}

TEST(Baselines, FitPcaToWhatTheModelSees) {
  torch::manual_seed(1);
  const auto length = torch::arange(60).remainder(5) + 1;
  const auto training = series(3 + torch::randn({60, 5}), length);
  const auto set = series(3 + torch::randn({60, 5}), length.flip(0));
  const auto scaling = Scaling::fit(training, ScalingKind::kStandard);
  Ones model(set.spec);
  const auto x = to_model(scaling, set.x, set.length).flatten(1);
  const auto pca = fit_pca(to_model(scaling, training.x, training.length).flatten(1), 2);
  const auto rest = (x - pca.decode(pca.encode(x))).square() * real_elements(set);
  EXPECT_NEAR(value_of(baselines(model, scaling, training, set), "pca_2_sse"),
              rest.sum().item<double>() / 60, 1e-4);
}

}  // namespace
}  // namespace figment
