#include "figment/eval/nll.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"
#include "figment/eval/metric.h"
#include "figment/model/abilities.h"
#include "figment/model/conditions.h"
#include "figment/model/family.h"
#include "figment/model/likelihood.h"

namespace figment {
namespace {

class Mute : public Model {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
};
const Family kMute = {"mute",  "Says nothing", "https://example.org", {}, nullptr, nullptr,
                      nullptr, nullptr};

// Knows its density: standard normal.
class Exact : public Mute, public Densities {
 public:
  using Mute::Mute;
  const char* density_name() const override { return "log_density"; }
  LogDensity log_density(const Batch& batch, Noise&) override {
    const auto x = batch.x.flatten(1);
    return {-0.5 * (x.square() + std::log(2 * M_PI)).sum(1), {}};
  }
};

// The same, told what it is told.
class Given : public Exact, public Conditions {
 public:
  Given(ExampleSpec example, bool by_class, bool by_attributes)
      : Exact(std::move(example)), class_(by_class), attributes_(by_attributes) {}
  bool on_class() const override { return class_; }
  bool on_attributes() const override { return attributes_; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch&) override { return code; }

 private:
  bool class_, attributes_;
};

// Weights that are 1 or 3, half of the time each, whatever the example: log p(x) is log 2.
class Weighing : public Mute, public Posteriors, public StatesLikelihood {
 public:
  using Mute::Mute;
  torch::Tensor log_weights(const Batch& batch, Noise& noise, int64_t samples) override {
    largest = std::max(largest, samples * batch.x.numel());
    last = batch.x;
    const auto half = torch::full({batch.size(), samples}, 0.5);
    return torch::where(noise.bernoulli(half) > 0, std::log(3.0), 0.0).t();
  }
  std::vector<torch::Tensor> posterior_means(const Batch& batch) override {
    const auto x = batch.x.flatten(1).slice(1, 0, 2);
    return {x, 0 * x};
  }
  LikelihoodOf likelihood_of() const override { return kind; }
  LikelihoodOf kind = LikelihoodOf::kProbabilities;
  int64_t largest = 0;
  torch::Tensor last;
};

// The same, given the lower left pixel of four.
class Completing : public Weighing, public Conditions, public CompletesPart {
 public:
  using Weighing::Weighing;
  bool on_class() const override { return false; }
  bool on_attributes() const override { return false; }
  bool on_part() const override { return true; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch&) override { return code; }
  torch::Tensor known() const override {
    return torch::tensor({0.f, 0.f, 1.f, 0.f}).view({1, 1, 2, 2});
  }
  torch::Tensor guess(const Batch& batch) override { return torch::zeros_like(batch.x); }
};

Dataset images(int64_t n, double level, int64_t side = 2) {
  Dataset out;
  out.name = "made";
  out.spec = {Modality::kImage, {1, side, side}, {}, {}};
  out.x = torch::full({n, 1, side, side}, static_cast<int64_t>(level), torch::kByte);
  return out;
}

Measured measure(Model& model, const Dataset& set, int64_t samples = 0) {
  static const DataConfig data{};
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  return metric_named("nll").measure(
      {model, kMute, scaling, set, set, data, 1, {samples, false, {}}});
}

double value(const Measured& measured, const std::string& name) {
  for (const auto& [key, number] : measured.metrics)
    if (key == name) return number;
  throw std::out_of_range(name);
}

bool notes(const Measured& measured, const std::string& name) {
  for (const auto& note : measured.notes)
    if (note.first == name) return true;
  return false;
}

template <class F>
std::pair<Cause, std::string> error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.cause(), error.what()};
  }
  ADD_FAILURE() << "expected an error";
  return {};
}

TEST(Nll, IsTheExactDensityWhereThereIsOne) {
  Dataset set;
  set.name = "vectors";
  set.spec = {Modality::kVector, {3}, {}, {}};
  torch::manual_seed(1);
  set.x = 2 * torch::randn({4000, 3});
  Exact model(set.spec);
  const auto found = measure(model, set);
  // Standardised for the model: on its scale the entropy of N(0, I), on that of the data log 2 an
  // element more.
  const double nats = 1.5 * (1 + std::log(2 * M_PI));
  EXPECT_NEAR(value(found, "nll"), nats, 1e-4);
  EXPECT_NEAR(value(found, "bits_per_dim"), (nats / 3 + std::log(2)) / std::log(2), 0.02);
  const auto error = value(found, "nll_stderr");
  EXPECT_NEAR(error, std::sqrt(1.5 / 4000), 0.002);
  ASSERT_EQ(found.intervals.size(), 1U);
  EXPECT_NEAR(found.intervals[0].second.second - value(found, "nll"), 1.96 * error, 1e-9);
  EXPECT_THROW(value(found, "elbo"), std::out_of_range);
}

TEST(Nll, SaysWhatTheDensityIsGiven) {
  const auto set = images(3, 255);
  const auto told = [&](bool by_class, bool by_attributes) -> std::string {
    Given model(set.spec, by_class, by_attributes);
    const auto found = measure(model, set);
    for (const auto& [name, text] : found.notes)
      if (name == "condition") return text;
    return "";
  };
  EXPECT_NE(told(true, false).find("an example given its class; "), std::string::npos);
  EXPECT_NE(told(true, true).find("given its class and its attributes; "), std::string::npos);
  EXPECT_EQ(told(false, false), "");
}

TEST(Nll, AveragesTheWeightsAndNotTheirLogarithms) {
  const auto set = images(40, 255);
  Weighing model(set.spec);
  const auto found = measure(model, set, 4000);
  EXPECT_NEAR(value(found, "nll"), -std::log(2), 0.005);
  EXPECT_NEAR(value(found, "elbo"), 0.5 * std::log(3), 0.005);
  EXPECT_NEAR(value(found, "effective_samples"), 4000 * 0.8, 20);  // (E w)^2 / E w^2 = 4 / 5
  EXPECT_NEAR(value(found, "bits_per_dim"), -0.25, 0.002);
  EXPECT_EQ(value(found, "active_units_1"), 0);
  EXPECT_FALSE(notes(found, "pixels"));
}

// The density of what is hidden is held against the hidden pixels, and they alone must be 0 or 1.
TEST(Nll, CountsTheHiddenElementsOfAPart) {
  auto set = images(40, 255);
  set.x.select(2, 1).select(2, 0).fill_(51);  // what is given may be grey
  Completing model(set.spec);
  const auto found = measure(model, set, 4000);
  EXPECT_NEAR(value(found, "bits_per_dim"), -1.0 / 3, 0.003);
  EXPECT_TRUE(notes(found, "hidden"));
  set.x.fill_(51);
  const auto grey = error_of([&] { measure(model, set); });
  EXPECT_NE(grey.second.find("stays at 1.501 nats"), std::string::npos) << grey.second;
}

TEST(Nll, AsksForLittleAtATime) {
  const auto set = images(700, 255, 8);
  Weighing model(set.spec);
  measure(model, set, 5000);
  EXPECT_LE(model.largest, 1 << 22);
  EXPECT_GT(model.largest, 1 << 20);
}

// Drawn once and for all: every pixel is 0 or 1, and a second asking draws the same.
TEST(Nll, DrawsThePixelsOfAModelThatDrawsThem) {
  const auto set = images(50, 102);
  Weighing model(set.spec);
  model.kind = LikelihoodOf::kBinaryDraws;
  const auto found = measure(model, set, 10);
  EXPECT_TRUE(notes(found, "pixels"));
  const auto drawn = model.last.clone();
  EXPECT_TRUE(((drawn == 0) | (drawn == 1)).all().item<bool>());
  EXPECT_NEAR(drawn.mean().item<double>(), 0.4, 0.12);
  measure(model, set, 10);
  EXPECT_TRUE(torch::equal(drawn, model.last));
  // Pixels on or off are active units: their variance is 0.24.
  EXPECT_EQ(value(found, "active_units_1"), 2);
  EXPECT_EQ(value(found, "active_units_2"), 0);
  EXPECT_EQ(value(found, "active_units"), 2);  // of both layers
}

TEST(Nll, RefusesWhatIsNoLikelihood) {
  Weighing model(images(1, 0).spec);
  const auto grey = error_of([&] { measure(model, images(5, 51)); });
  EXPECT_EQ(grey.first, Cause::kConfig);
  // Four pixels of 0.2: 4 * 0.5004 nats that no model can get below.
  EXPECT_NE(grey.second.find("stays at 2.002 nats"), std::string::npos) << grey.second;
  EXPECT_NE(grey.second.find("model.binarize=sampled"), std::string::npos);
  EXPECT_NO_THROW(measure(model, images(5, 0), 5));

  Mute mute(images(1, 0).spec);
  const auto lacks = error_of([&] { measure(mute, images(5, 0)); });
  EXPECT_EQ(lacks.first, Cause::kConfig);
  EXPECT_NE(
      lacks.second.find("an exact density, or a likelihood and a posterior to estimate one by"),
      std::string::npos)
      << lacks.second;
  const auto none = error_of([&] { measure(model, images(5, 0).first(0)); });
  EXPECT_EQ(none.first, Cause::kData);
}

TEST(EntropyFloor, IsTheEntropyOfTheElements) {
  const auto x = torch::tensor({0.0, 1.0, 0.5, 0.25}).view({2, 1, 1, 2});
  EXPECT_NEAR(entropy_floor(x), (std::log(2) + 0.562335) / 2, 1e-6);
}

}  // namespace
}  // namespace figment
