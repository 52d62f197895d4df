#include "figment/eval/bayes.h"

#include <gtest/gtest.h>

#include "figment/core/error.h"
#include "figment/eval/plain_classifier.h"
#include "figment/model/abilities.h"
#include "figment/nn/bayes.h"
#include "figment/nn/distributions.h"

namespace figment {
namespace {

// Normal in the plane around (class, -class): a model with an exact density given the class, as a
// conditional flow has.
class Normals : public Model, public Densities, public Conditions {
 public:
  explicit Normals(int64_t classes)
      : Model({Modality::kVector,
               {2},
               std::vector<std::string>(static_cast<std::size_t>(classes)),
               {}}) {}
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  const char* density_name() const override { return "log_density"; }
  LogDensity log_density(const Batch& batch, Noise& noise) override {
    drawn.push_back(noise.normal({1}));
    const auto mean = torch::stack({batch.label, -batch.label}, 1);
    return {standard_normal_log_prob(batch.x - mean), {}};
  }
  bool on_class() const override { return true; }
  bool on_attributes() const override { return told_attributes; }
  bool on_part() const override { return false; }
  torch::Tensor decode_as(const torch::Tensor& code, const Batch&) override { return code; }

  bool told_attributes = false;
  std::vector<torch::Tensor> drawn{};
};

Dataset points(int64_t n) {
  torch::manual_seed(1);
  Dataset set;
  set.name = "points";
  set.spec = {Modality::kVector, {2}, {"a", "b", "c"}, {}};
  set.label = torch::arange(n).remainder(3);
  set.x = 0.4 * torch::randn({n, 2}) + 2 * torch::stack({set.label, -set.label}, 1);
  return set;
}

TEST(Bayes, TellsClassesByAnExactDensity) {
  Normals model(3);
  const auto set = points(700);
  Dataset training;
  training.label = torch::tensor({0, 0, 0, 0, 1, 1, 2}, torch::kLong);
  const auto log_p = classify_by_bayes(model, Scaling(), set, training, {});
  const auto classes = torch::arange(3, torch::kFloat);
  const auto means = torch::stack({classes, -classes}, 1);  // [3, 2]
  const auto square = (set.x.unsqueeze(1) - means).square().sum(2);
  const auto prior = torch::log(torch::tensor({0.5f, 0.3f, 0.2f}));
  EXPECT_TRUE(torch::allclose(log_p, torch::log_softmax(prior - square / 2, 1), 1e-4, 1e-4));
  // Two batches of three classes: the same noise for each class, another for each batch.
  ASSERT_EQ(model.drawn.size(), 6u);
  EXPECT_TRUE(torch::equal(model.drawn[0], model.drawn[2]));
  EXPECT_FALSE(torch::equal(model.drawn[0].narrow(0, 0, 188), model.drawn[3]));
}

// Of a model that is told attributes as well, whose density is p(x | class, a), p(a | class)
// decides too: x lies in the middle of the first two classes, and the attribute says which it is.
TEST(Bayes, AsksTheAttributesWhereTheModelIsToldThem) {
  Normals model(2);
  model.told_attributes = true;
  Dataset training;
  training.label = torch::arange(100).remainder(2);
  const auto spread = torch::linspace(-1.7, 1.7, 50).repeat_interleave(2);  // of variance 1
  training.attributes = (spread + 3 * training.label.to(torch::kFloat)).unsqueeze(1);
  Dataset set;
  set.name = "between";
  set.spec = {Modality::kVector, {2}, {"a", "b"}, {"height"}};
  set.x = torch::tensor({0.5f, -0.5f}).repeat({3, 1});
  set.attributes = torch::tensor({0.f, 1.5f, 3.f}).unsqueeze(1);
  const auto p = classify_by_bayes(model, Scaling(), set, training, {}).exp().select(1, 1);
  // By two normals of deviation 1, 3 apart: s(3 a - 4.5).
  EXPECT_TRUE(torch::allclose(p, torch::tensor({0.011f, 0.5f, 0.989f}), 0, 0.02)) << p;
  model.told_attributes = false;
  const auto even = classify_by_bayes(model, Scaling(), set, training, {}).exp();
  EXPECT_TRUE(torch::allclose(even, torch::full({3, 2}, 0.5f)));
  model.told_attributes = true;
  training.attributes = torch::Tensor();
  try {
    classify_by_bayes(model, Scaling(), set, training, {});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("a training part with the attributes"),
              std::string::npos);
  }
}

TEST(PlainClassifier, LearnsAndIsTheSameForTheSameSeed) {
  const auto set = points(300);
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  PlainClassifier one(set, scaling, 3, 5);
  const auto log_p = one.classify(set);
  EXPECT_LT((log_p.argmax(1) != set.label).to(torch::kFloat).mean().item<float>(), 0.05);
  EXPECT_TRUE(torch::allclose(log_p.exp().sum(1), torch::ones({300})));
  torch::NoGradGuard no_grad;  // as the program calls it
  EXPECT_TRUE(torch::equal(PlainClassifier(set, scaling, 3, 5).classify(set), log_p));
  EXPECT_FALSE(torch::equal(PlainClassifier(set, scaling, 3, 6).classify(set), log_p));
}

}  // namespace
}  // namespace figment
