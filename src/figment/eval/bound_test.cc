#include "figment/eval/bound.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"
#include "figment/eval/metric.h"
#include "figment/model/bound_terms.h"
#include "figment/model/families.h"

namespace figment {
namespace {

// Term t of an example x is x t, the prior's is 1: the bound is 1 + x T (T + 1) / 2.
class Counted : public Model, public BoundTerms {
 public:
  explicit Counted(int64_t steps) : Model({Modality::kVector, {1}, {}}), steps_(steps) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t terms() const override { return steps_; }
  torch::Tensor bound_term(const Batch& batch, const torch::Tensor& t,
                           const torch::Tensor&) override {
    asked += t.size(0);
    return batch.x.flatten() * t.to(torch::kFloat);
  }
  torch::Tensor prior_term(const torch::Tensor& x) const override {
    return torch::ones({x.size(0)});
  }
  int64_t asked = 0;

 private:
  int64_t steps_;
};

Dataset vectors(const torch::Tensor& x) {
  Dataset out;
  out.name = "vectors";
  out.spec = {Modality::kVector, {x.size(1)}, {}, {}};
  out.x = x;
  return out;
}

TEST(Bound, IsTheSumOfItsTerms) {
  Counted model(9);
  const auto set = vectors(torch::tensor({{1.0F}, {3.0F}}));
  const auto all = bound_by_terms(model, Scaling(), set, {1, 100});
  EXPECT_EQ(model.asked, 2 * 9);
  ASSERT_EQ(all.stretches.size(), 9U);
  EXPECT_EQ(all.stretches[4].first, 5);
  EXPECT_EQ(all.stretches[4].last, 5);
  EXPECT_NEAR(all.stretches[4].nats, 5 * 2, 1e-6);
  EXPECT_NEAR(all.total, 1 + 2 * 45, 1e-4);
  EXPECT_NEAR(all.error, 45, 1e-4);  // of 46 and 136
  EXPECT_NEAR(all.bits_per_dim, 91 / std::log(2), 1e-4);
}

TEST(Bound, IsEstimatedByAFewTermsWithoutBias) {
  Counted model(100);
  const auto set = vectors(torch::ones({4000, 1}));
  const auto some = bound_by_terms(model, Scaling(), set, {1, 7});
  ASSERT_EQ(some.stretches.size(), 8U);
  EXPECT_EQ(some.stretches[0].last, 1);
  EXPECT_EQ(some.stretches.back().last, 100);
  for (std::size_t k = 1; k < some.stretches.size(); ++k)
    EXPECT_EQ(some.stretches[k].first, some.stretches[k - 1].last + 1);
  EXPECT_GT(some.error, 0);
  EXPECT_NEAR(some.total, 1 + 5050, 4 * some.error);
  EXPECT_LT(some.error, 3);
  EXPECT_EQ(bound_by_terms(model, Scaling(), set, {1, 7}).total, some.total);
}

// For data N(0, 1) an untrained denoiser of velocities is the best one, and the bound is tight.
TEST(Bound, IsTheDensityWhereTheAnswerIsKnown) {
  Value config;
  for (const char* word : {"predict=velocity", "variance=large", "schedule.steps=40", "width=8"})
    set_override(config, word);
  const auto& family = family_named("diffusion", "test");
  Problems problems;
  const auto model = family.make(config, {Modality::kVector, {2}, {}}, problems);
  torch::manual_seed(1);
  const auto set = vectors(3 * torch::randn({2000, 2}));
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  static const DataConfig data{};
  const auto found =
      metric_named("bound").measure({*model, family, scaling, set, set, data, 1, {20, false, {}}});
  const auto value = [&](const std::string& name) {
    for (const auto& [key, number] : found.metrics)
      if (key == name) return number;
    ADD_FAILURE() << name;
    return 0.0;
  };
  const double truth = 1 + std::log(2 * M_PI);  // nats of two standardised numbers
  EXPECT_NEAR(value("bound"), truth, 4 * value("bound_stderr") + 0.03);
  EXPECT_LT(value("bound_stderr"), 0.1);
  EXPECT_NEAR(value("bits_per_dim"), (value("bound") / 2 + std::log(3)) / std::log(2), 0.05);
  EXPECT_NEAR(value("bits_per_dim_stderr"), value("bound_stderr") / 2 / std::log(2), 1e-9);
  double parts = value("prior_bits") + value("decoder_bits");
  for (const auto& [key, number] : found.metrics)
    if (key.rfind("steps_", 0) == 0) parts += number;
  EXPECT_NEAR(parts, value("bound") / 2 / std::log(2), 1e-6);
}

TEST(Bound, RefusesWhatHasNone) {
  const auto& family = family_named("pca", "test");
  Value config;
  set_override(config, "latent_dim=1");
  Problems problems;
  const auto model = family.make(config, {Modality::kVector, {2}, {}}, problems);
  const auto set = vectors(torch::zeros({3, 2}));
  static const DataConfig data{};
  const auto refused = [&](Model& of, const Family& named, const Dataset& examples) {
    try {
      metric_named("bound").measure({of, named, Scaling(), set, examples, data, 1, {0, false, {}}});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused(*model, family, set).find("expected a model that has a bound made of many"),
            std::string::npos);
  Counted counted(3);
  EXPECT_NE(refused(counted, family, vectors(torch::zeros({0, 2}))).find("expected examples"),
            std::string::npos);
}

}  // namespace
}  // namespace figment
