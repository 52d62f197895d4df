#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"
#include "figment/eval/metric.h"
#include "figment/model/conditions.h"
#include "figment/model/family.h"

namespace figment {
namespace {

const Family kHalf = {
    "half", "Completes a half", "https://example.org", {}, nullptr, nullptr, nullptr, nullptr};

// Given the left half of an image of 2 x 2. Of every two codes one weighs 1 and one 3, less the
// upper left pixel in nats; its plain net says 1 of every logit.
class Half : public Model, public Posteriors, public Conditions, public CompletesPart {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  torch::Tensor log_weights(const Batch& batch, Noise&, int64_t samples) override {
    asked = samples;
    const auto three = torch::arange(samples).remainder(2).unsqueeze(1) * std::log(3.0);
    return three - batch.x.flatten(1).select(1, 0).unsqueeze(0);
  }
  std::vector<torch::Tensor> posterior_means(const Batch& batch) override {
    return {batch.x.flatten(1)};
  }
  bool on_class() const override { return false; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return part; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch&) override { return code; }
  torch::Tensor known() const override {
    return torch::tensor({1.F, 0.F}).expand({1, 1, 2, 2}).contiguous();
  }
  torch::Tensor guess(const Batch& batch) override { return torch::ones_like(batch.x); }

  bool part = true;
  int64_t asked = 0;
};

// Four images: the hidden upper pixel is lit in one of them, the lower in three; the upper left is
// lit in two.
Dataset four() {
  Dataset set;
  set.name = "four";
  set.spec = {Modality::kImage, {1, 2, 2}, {}, {}};
  const auto rows =
      torch::tensor({{0, 0, 1, 1}, {1, 0, 0, 0}, {0, 1, 1, 1}, {1, 0, 0, 1}}, torch::kLong);
  set.x = (255 * rows).to(torch::kByte).view({4, 1, 2, 2});
  return set;
}

Measured measure(Model& model, const Dataset& set, int64_t samples = 0) {
  static const DataConfig data{};
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  return metric_named("completion")
      .measure({model, kHalf, scaling, set, set, data, 1, {samples, false, {}}});
}

double number(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

// All by hand: no number of the seen half is in the cross-entropies.
TEST(Completion, IsMeasuredOnTheHiddenPixels) {
  const auto set = four();
  Half model(set.spec);
  const auto found = measure(model, set);
  EXPECT_EQ(model.asked, 10);
  EXPECT_NEAR(number(found.metrics, "completion_bound"), 0.5 - std::log(3) / 2, 1e-6);
  EXPECT_NEAR(number(found.metrics, "completion_importance_bound"), 0.5 - std::log(2), 1e-6);
  // Two examples at 0 and two at 1.
  const auto error = std::sqrt(1.0 / 3 / 4);
  EXPECT_NEAR(number(found.metrics, "completion_bound_stderr"), error, 1e-6);
  EXPECT_NEAR(number(found.metrics, "completion_importance_bound_stderr"), error, 1e-6);
  // softplus(1) a pixel, less 1 where it is lit, as one of the two is on average.
  EXPECT_NEAR(number(found.baselines, "plain_net"), 2 * std::log1p(std::exp(1.0)) - 1, 1e-5);
  // The entropies of 1/4 and 3/4.
  const auto entropy = -0.25 * std::log(0.25) - 0.75 * std::log(0.75);
  EXPECT_NEAR(number(found.baselines, "mean_pixels"), 2 * entropy, 1e-5);
  ASSERT_EQ(found.notes.size(), 2u);
  EXPECT_EQ(found.notes[1].second, "2 of 4 pixels");
  measure(model, set, 3);
  EXPECT_EQ(model.asked, 3);
}

TEST(Completion, RefusesAModelWithoutAPart) {
  const auto set = four();
  Half model(set.spec);
  model.part = false;
  try {
    measure(model, set);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    EXPECT_NE(std::string(error.what()).find("model.condition = \"part\""), std::string::npos);
  }
}

}  // namespace
}  // namespace figment
