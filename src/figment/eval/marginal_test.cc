#include "figment/eval/marginal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"
#include "figment/data/toy.h"
#include "figment/eval/metric.h"
#include "figment/model/abilities.h"
#include "figment/model/families.h"
#include "figment/nn/distributions.h"

namespace figment {
namespace {

// The eight normals of the toy set, each by itself: p(x | class) in the data's numbers.
class EightNormals : public Model, public Densities, public Conditions {
 public:
  explicit EightNormals(bool given_part = false)
      : Model({Modality::kVector, {2}, std::vector<std::string>(8)}), given_part_(given_part) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  const char* density_name() const override { return "log_density"; }
  LogDensity log_density(const Batch& batch, Noise&) override {
    // Centre k of FFJORD's set, as points of that class have it.
    const auto angle = batch.label.to(torch::kDouble) * M_PI / 4;
    const double radius = 4 / 1.414, deviation = 0.5 / 1.414;
    const auto centre = radius * torch::stack({angle.cos(), angle.sin()}, 1);
    const auto z = (batch.x.to(torch::kDouble) - centre) / deviation;
    return {standard_normal_log_prob(z) - 2 * std::log(deviation), {}};
  }
  bool on_class() const override { return true; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return given_part_; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch&) override { return code; }

 private:
  bool given_part_;
};

Family named(const char* name) {
  return {name, name, "https://example.org", {}, nullptr, nullptr, nullptr, nullptr};
}

struct Judged {
  Measured measured{};
  std::string error{};
};
Judged kl_to_truth(Model& model, const std::string& source) {
  Dataset set;
  set.name = source;
  set.spec = model.example();
  torch::manual_seed(1);
  set.x = torch::randn({104, 2});
  set.label = torch::arange(104).remainder(8);
  DataConfig data;
  data.source = source;
  const auto family = named("made");
  try {
    return {metric_named("kl_to_truth")
                .measure({model, family, Scaling(), set, set, data, 1, {20000, false, {}}}),
            {}};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

TEST(Marginal, SumsOverTheClasses) {
  EightNormals model;
  ASSERT_TRUE(has_marginal(model));
  EXPECT_TRUE(has_exact_marginal(model));
  const auto points = toy_points("8gaussians", 5, 0, 500).x;
  const auto truth = *toy_log_density("8gaussians", points.to(torch::kDouble));
  EXPECT_TRUE(
      torch::allclose(marginal_log_density(model, Scaling(), points, {}), truth, 1e-4, 1e-4));
  // Of classes that were not alike in training the shares count, with one more example for each.
  const auto label = torch::zeros({92}, torch::kLong);
  const auto x = torch::tensor({{4 / 1.414F, 0.0F}});
  const double peak = -std::log(2 * M_PI) - 2 * std::log(0.5 / 1.414);
  EXPECT_NEAR(marginal_log_density(model, Scaling(), x, label).item<double>(),
              peak + std::log(0.93), 1e-3);
}

TEST(Marginal, IsPerTheNumbersAskedFor) {
  EightNormals model;
  Dataset set;
  set.spec = model.example();
  set.x = torch::tensor({{-2.0F, -3.0F}, {2.0F, 3.0F}});
  const auto scaling = Scaling::fit(set, ScalingKind::kStandard);
  const auto x = torch::tensor({{1.0F, 0.5F}});
  EXPECT_NEAR((marginal_log_density(model, scaling, x, {}) -
               marginal_log_density_of_data(model, scaling, x, {}))
                  .item<double>(),
              scaling.scale().log().sum().item<double>(), 1e-5);
}

TEST(Marginal, IsNotToldUnderOtherConditions) {
  EightNormals given_part(true);
  EXPECT_FALSE(has_marginal(given_part));
}

TEST(KlToTruth, IsOfTheMarginalWhereTheModelIsToldTheClass) {
  EightNormals model;
  const auto judged = kl_to_truth(model, "8gaussians");
  ASSERT_EQ(judged.error, "");
  EXPECT_EQ(judged.measured.metrics[0].first, "kl_to_truth");
  EXPECT_NEAR(judged.measured.metrics[0].second, 0, 1e-3);
  // The baseline is a normal about the middle, where there is nothing.
  EXPECT_GT(judged.measured.baselines[0].second, 0.5);
}

TEST(KlToTruth, RefusesWhatHasNoTruthOrNoDensity) {
  EightNormals model;
  for (const char* source : {"moons", "digits", "nowhere.csv"})
    EXPECT_NE(
        kl_to_truth(model, source)
            .error.find("[eval kl_to_truth] expected a set whose density is known (8gaussians, "
                        "checkerboard, 2gaussians), got '" +
                        std::string(source) + "'"),
        std::string::npos)
        << kl_to_truth(model, source).error;
  EightNormals given_part(true);
  EXPECT_NE(kl_to_truth(given_part, "8gaussians")
                .error.find("expected a model that has a density of examples alone"),
            std::string::npos)
      << kl_to_truth(given_part, "8gaussians").error;
  Value config;
  set_override(config, "latent_dim=1");
  Problems problems;
  const auto mute =
      family_named("pca", "test").make(config, {Modality::kVector, {2}, {}}, problems);
  EXPECT_NE(kl_to_truth(*mute, "8gaussians").error.find("expected a model that has a density"),
            std::string::npos);
}

}  // namespace
}  // namespace figment
