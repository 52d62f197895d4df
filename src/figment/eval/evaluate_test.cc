#include "figment/eval/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/data/padding.h"
#include "figment/eval/pca.h"
#include "figment/model/abilities.h"

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
