#include "figment/eval/metric.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/testing.h"
#include "figment/core/testing_variable.h"
#include "figment/data/large.h"
#include "figment/data/padding.h"
#include "figment/eval/pca.h"
#include "figment/eval/whole_rows_test.h"
#include "figment/model/abilities.h"
#include "figment/model/families.h"

namespace figment {
namespace {

// Its code is the first two elements.
class TwoNumbers : public Model, public Encodes {
 public:
  explicit TwoNumbers(ExampleSpec example) : Model(std::move(example)) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t code_dim() const override { return 2; }
  torch::Tensor encode(const Batch& batch) override { return batch.x.flatten(1).narrow(1, 0, 2); }
};

// Mixes an example with nothing and gives the mixture for both.
class Doubles : public Model, public Separates {
 public:
  explicit Doubles(ExampleSpec example) : Model(std::move(example)) {
    register_buffer("none", torch::zeros({1}));
  }
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t sources() const override { return 2; }
  Mixture mix(const Batch& batch, Noise&) override {
    return {batch.x / 2, torch::stack({batch.x, torch::zeros_like(batch.x)}, 1)};
  }
  torch::Tensor separate(const torch::Tensor& x) override { return torch::stack({x, x}, 1); }
};

class DoublesAndEncodes : public Doubles, public Encodes {
 public:
  using Doubles::Doubles;
  int64_t code_dim() const override { return 1; }
  torch::Tensor encode(const Batch& batch) override { return batch.x.flatten(1).narrow(1, 0, 1); }
};

const Family kNobody{"nobody", "", "", {}, nullptr, nullptr, nullptr, nullptr};

Measured measure(const char* name, Model& model, const Dataset& training, const Dataset& set,
                 const Scaling& scaling = Scaling()) {
  return metric_named(name).measure({model, kNobody, scaling, training, set, DataConfig(), 1});
}

std::vector<std::string> names_of(const Results& results) {
  std::vector<std::string> out;
  for (const auto& item : results) out.push_back(item.first);
  return out;
}

double of(const Results& results, const std::string& name) {
  for (const auto& [key, value] : results)
    if (key == name) return value;
  throw std::out_of_range(name);
}

class OnTheDisk : public ::testing::Test {
 protected:
  // Images of 1 x 2 x 4 in three classes, in a mapped file.
  Dataset images(int64_t n) const {
    torch::manual_seed(1);
    Dataset set;
    set.name = "images";
    set.spec = {Modality::kImage, {1, 2, 4}, {"a", "b", "c"}};
    set.label = torch::arange(n).remainder(3);
    set.x = room_for({n, 1, 2, 4}, torch::kByte);
    set.x.copy_(torch::randint(0, 60, {n, 1, 2, 4}) + 60 * set.label.view({n, 1, 1, 1}));
    return set;
  }

  testing::ScratchFolder folder_;
  testing::Variable where_{"TMPDIR", folder_.path().c_str()};
  testing::Variable memory_{"FIGMENT_SET_MEMORY", "1K"};
};

TEST_F(OnTheDisk, SetsAreNeverHeldAsNumbersAtOnce) {
  const auto set = images(20000), few = set.first(50);
  ASSERT_TRUE(is_large(set.x));
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  Problems problems;
  const auto model = family_named("pca", "test").make(Value(), set.spec, problems);
  ASSERT_NE(model, nullptr);
  for (const auto* name : {"subspace", "knn", "retrieval"}) {
    const testing::WholeRows watch(set.x);
    EXPECT_FALSE(measure(name, *model, set, few, scaling).baselines.empty()) << name;
    EXPECT_FALSE(watch.found()) << name;
  }
  const testing::WholeRows watch(set.x);
  const auto told = measure("subspace", *model, set, set, scaling);
  EXPECT_FALSE(watch.found());
  // The same of all numbers at once, which is seen.
  const auto all = scaling.to_model(set.x).flatten(1);
  EXPECT_TRUE(watch.found());
  const auto axes = torch::eye(2, 8), exact = fit_pca(all, 2).axes.t().contiguous();
  EXPECT_NEAR(of(told.metrics, "largest_angle_degrees"),
              principal_angles(axes, exact)[0].item<double>() * 180 / M_PI, 1e-6);
  EXPECT_NEAR(of(told.metrics, "explained_variance"),
              explained_variance(all, torch::zeros({8}), axes).sum().item<double>(), 1e-6);
  EXPECT_NEAR(of(told.baselines, "pca_2_explained_variance"),
              explained_variance(all, all.mean(0), exact).sum().item<double>(), 1e-6);
}

// Documents of two classes with words of their own, short and long ones.
Dataset documents(int64_t n) {
  Dataset set;
  set.name = "documents";
  set.spec = {Modality::kVector, {6}, {"a", "b"}};
  set.label = torch::arange(n).remainder(2);
  const auto own = (torch::arange(6) < 3).unsqueeze(0) == (set.label == 0).unsqueeze(1);
  set.x = (torch::randint(1, 4, {n, 6}) * torch::randint(1, 40, {n, 1}) * own).to(torch::kFloat);
  return set;
}

TEST(KnnMetric, IsHeldAgainstLsaWhereExamplesAreCounts) {
  torch::manual_seed(1);
  auto training = documents(60), test = documents(30);
  TwoNumbers model(training.spec);
  const auto counts = measure("knn", model, training, test);
  EXPECT_EQ(names_of(counts.baselines),
            (std::vector<std::string>{"pca_2_knn5_accuracy", "lsa_2_knn5_accuracy"}));
  EXPECT_EQ(of(counts.baselines, "lsa_2_knn5_accuracy"), 1);
  training.x = training.x + 0.5;
  EXPECT_EQ(names_of(measure("knn", model, training, test).baselines),
            std::vector<std::string>{"pca_2_knn5_accuracy"});
  // A single example has no components.
  EXPECT_TRUE(measure("knn", model, training.first(1), test).baselines.empty());
}

TEST(SeparationMetric, HasAPsnrOfImagesAlone) {
  Dataset vectors;
  vectors.spec = {Modality::kVector, {4}, {}};
  vectors.x = 2 * torch::ones({3, 4});
  Doubles model(vectors.spec);
  const auto told = measure("separation", model, vectors, vectors);
  EXPECT_EQ(names_of(told.metrics), (std::vector<std::string>{"source_1_sse", "source_2_sse"}));
  EXPECT_EQ(names_of(told.baselines),
            (std::vector<std::string>{"mixture_as_source_1_sse", "mixture_as_source_2_sse"}));
  EXPECT_EQ(of(told.metrics, "source_1_sse"), 4);  // four elements off by one
  EXPECT_EQ(of(told.baselines, "mixture_as_source_2_sse"), 4);
  Dataset images;
  images.spec = {Modality::kImage, {1, 2, 2}, {}};
  images.x = torch::full({3, 1, 2, 2}, 255, torch::kByte);
  Doubles of_images(images.spec);
  const auto seen =
      measure("separation", of_images, images, images, Scaling::fit(images, ScalingKind::kAuto));
  EXPECT_NEAR(of(seen.metrics, "source_1_psnr"), -20 * std::log10(0.5), 1e-5);
  EXPECT_NEAR(of(seen.baselines, "mixture_as_source_2_psnr"), -20 * std::log10(0.5), 1e-5);
}

TEST(MeasureDefault, JudgesByTheSeparationWhereThereIsNothingElse) {
  Dataset set;
  set.spec = {Modality::kVector, {4}, {}};
  set.x = torch::randn({6, 4});
  Doubles apart(set.spec);
  const auto judge = [&](Model& model) {
    return measure_default({model, kNobody, Scaling(), set, set, DataConfig(), 1});
  };
  EXPECT_TRUE(only_separates(apart));
  EXPECT_EQ(judge(apart).metrics, measure("separation", apart, set, set).metrics);
  DoublesAndEncodes more(set.spec);
  EXPECT_FALSE(only_separates(more));
  EXPECT_EQ(names_of(judge(more).metrics), (std::vector<std::string>{"active_units", "code_dim"}));
}

// Pairs far from one another, an example of each class in each.
Dataset far_pairs() {
  Dataset set;
  set.name = "pairs";
  set.spec = {Modality::kVector, {2}, {"a", "b"}};
  const auto along = torch::tensor({0.0F, 0.1F, 10.0F, 10.1F, 20.0F, 20.1F});
  set.x = torch::stack({along, along}, 1);
  set.label = torch::arange(6).remainder(2);
  return set;
}

TEST(Metrics, FindNoExampleForItself) {
  const auto training = far_pairs(), set = training.first(4);
  TwoNumbers model(training.spec);
  const auto of_part = [&](const char* name, const Dataset& known, const Dataset& judged) {
    const Scaling scaling;
    return metric_named(name).measure(
        {model, kNobody, scaling, known, judged, DataConfig(), 1, {}, /*within_training=*/true});
  };
  // The nearest other is of the other class, and so are three of the five others.
  EXPECT_GT(of(measure("knn", model, training, set).metrics, "knn5_accuracy"), 0.5);
  const auto knn = of_part("knn", training, set);
  EXPECT_EQ(of(knn.metrics, "knn5_accuracy"), 0);
  EXPECT_EQ(of(knn.baselines, "pca_2_knn5_accuracy"), 0);
  EXPECT_EQ(of(measure("retrieval", model, training, set).metrics, "precision_at_1"), 1);
  const auto retrieval = of_part("retrieval", training, set);
  EXPECT_EQ(of(retrieval.metrics, "precision_at_1"), 0);
  EXPECT_EQ(of(retrieval.baselines, "pca_2_precision_at_1"), 0);
  for (const auto* name : {"knn", "retrieval"}) {
    const auto outcome =
        testing::outcome_of([&] { of_part(name, training.first(1), training.first(1)); });
    EXPECT_EQ(outcome.code, 3) << name;
    EXPECT_NE(outcome.message.find("got it alone"), std::string::npos) << outcome.message;
  }
}

// Far from zero, so that what pads a series would be all that components see.
TEST(KnnMetric, HoldsCodesAgainstComponentsOfWhatIsThere) {
  torch::manual_seed(2);
  Dataset set;
  set.name = "series";
  set.spec = {Modality::kSeries, {3, 1}, {"a", "b"}};
  set.label = torch::arange(60).remainder(2);
  set.length = torch::randint(1, 4, {60}, torch::kLong);
  auto x = 1000 + 0.1 * torch::randn({60, 3, 1});
  x.select(1, 0).add_(set.label.to(torch::kFloat).unsqueeze(1), 4);
  set.x = with_padding(x, set.length, 0);
  TwoNumbers model(set.spec);
  const auto scaling = Scaling::fit(set, ScalingKind::kStandard);
  const auto knn = measure("knn", model, set, set, scaling);
  EXPECT_EQ(of(knn.baselines, "pca_2_knn5_accuracy"), 1);
  const auto retrieval = measure("retrieval", model, set, set, scaling);
  EXPECT_GT(of(retrieval.baselines, "pca_2_precision_at_10"), 0.9);
}

}  // namespace
}  // namespace figment
