#include "figment/eval/anomaly.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "figment/core/error.h"
#include "figment/data/padding.h"
#include "figment/eval/pca.h"
#include "figment/model/abilities.h"
#include "figment/nn/distributions.h"
#include "golden/golden.h"

namespace figment {
namespace {

// Reconstructs everything as its training mean of zero; its code is the first two elements.
class Plain : public Model, public Encodes, public Reconstructs {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t code_dim() const override { return 2; }
  torch::Tensor encode(const Batch& batch) override { return batch.x.flatten(1).narrow(1, 0, 2); }
  torch::Tensor reconstruct(const Batch& batch) override { return torch::zeros_like(batch.x); }
};

// Standard normal, and says so.
class Normal : public Model, public Encodes, public Densities {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
  int64_t code_dim() const override { return 2; }
  torch::Tensor encode(const Batch& batch) override { return batch.x; }
  const char* density_name() const override { return "log_density"; }
  LogDensity log_density(const Batch& batch, Noise&) override {
    return {standard_normal_log_prob(batch.x), {}};
  }
};

class Mute : public Model {
 public:
  using Model::Model;
  Metrics training_step(const Batch&) override { return {}; }
  Metrics validation_step(const Batch&) override { return {}; }
};

Dataset vectors(const torch::Tensor& x, const torch::Tensor& label = {}) {
  Dataset out;
  out.name = "made";
  out.spec = {Modality::kVector, {x.size(1)}, {"good", "bad", "worse"}};
  out.x = x.to(torch::kFloat);
  out.label = label;
  return out;
}

torch::Tensor matrix(const nlohmann::json& rows) {
  return torch::tensor(flat<double>(rows), torch::kDouble)
      .view({static_cast<int64_t>(rows.size()), -1});
}

const torch::Tensor& named(const AnomalyScores& scores, const std::string& name) {
  for (const auto& [key, values] : scores)
    if (key == name) return values;
  throw std::out_of_range(name);
}

// The cause of the error that a call ends with.
template <class F>
Cause cause_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.cause();
  }
  throw std::runtime_error("it did not fail");
}

TEST(Ellipsoid, AgreesWithScikitLearnAndSciPy) {
  const auto cases = golden("anomaly")["mahalanobis"];
  ASSERT_EQ(cases.size(), 3u);
  for (const auto& one : cases) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const auto fitted = fit_ellipsoid(matrix(one["codes"]));
    EXPECT_NEAR(fitted.shrinkage, one["shrinkage"].get<double>(), 1e-9);
    EXPECT_TRUE(torch::allclose(fitted.covariance, matrix(one["covariance"]), 1e-9, 1e-9));
    const auto wanted = torch::tensor(flat<double>(one["distance"]), torch::kDouble);
    EXPECT_TRUE(torch::allclose(fitted.distance(matrix(one["queries"])), wanted, 1e-7));
  }
}

TEST(Ellipsoid, TakesWhatDoesNotVary) {
  const auto fitted = fit_ellipsoid(torch::ones({20, 3}));
  const auto distance = fitted.distance(torch::tensor({{1.0, 1.0, 1.0}, {1.0, 1.0, 1.1}}));
  EXPECT_EQ(distance[0].item<double>(), 0);
  EXPECT_GT(distance[1].item<double>(), 1e3);
  EXPECT_TRUE(std::isfinite(distance[1].item<double>()));
}

TEST(Neighbourhood, IsTheMeanOfTheNearestFive) {
  torch::manual_seed(3);
  const auto points = torch::randn({40, 3}), queries = torch::randn({7, 3});
  const Neighbourhood around(points);
  const auto all = torch::cdist(queries, points).to(torch::kDouble);
  EXPECT_TRUE(torch::allclose(around.distance(queries),
                              std::get<0>(all.sort(1)).narrow(1, 0, 5).mean(1), 1e-4));
  // None is its own neighbour: the nearest, at distance 0, is left out.
  const auto own = std::get<0>(torch::cdist(points, points).to(torch::kDouble).sort(1));
  EXPECT_TRUE(
      torch::allclose(around.own_distance(points), own.narrow(1, 1, 5).mean(1), 1e-3, 1e-4));
  const auto two = torch::tensor({{0.0, 0.0}, {3.0, 4.0}});
  EXPECT_EQ(Neighbourhood(two).own_distance(two)[0].item<double>(), 5);
}

TEST(Share, IsWhatTheBestMultipleLeaves) {
  torch::manual_seed(4);
  const auto x = torch::rand({3, 2, 28, 28});
  EXPECT_LT(unexplained_share(x, 0.1 * x).max().item<double>(), 1e-6);
  EXPECT_NEAR(unexplained_share(x, torch::zeros_like(x)).min().item<double>(), 1, 1e-9);
  EXPECT_NEAR(unexplained_share(x, -x).min().item<double>(), 1, 1e-9);
  EXPECT_EQ(unexplained_share(torch::zeros_like(x), x)[0].item<double>(), 1);
  // A point a pixel away counts less than one far off, which has nothing in common.
  const auto point = [](int64_t column) {
    auto picture = torch::zeros({1, 1, 28, 28});
    picture[0][0][14][column] = 1;
    return picture;
  };
  EXPECT_LT(unexplained_share(point(10), point(11))[0].item<double>(), 0.5);
  EXPECT_GT(unexplained_share(point(10), point(22))[0].item<double>(), 0.99);
  // Blurred points one pixel apart: cos = exp(-1 / (4 sd^2)) with sd = 1, but for the cut tails.
  EXPECT_NEAR(unexplained_share(point(13), point(14))[0].item<double>(), 1 - std::exp(-0.5), 0.01);
}

TEST(Standardised, BringsTrainingScoresToOneScale) {
  torch::manual_seed(5);
  const auto scores = torch::randn({1000}, torch::kDouble).exp();
  for (const auto factor : {1.0, 1e-6, 1e6}) {
    const Standardised scale(scores * factor);
    const auto out = scale(scores * factor);
    EXPECT_NEAR(quantile_of(out, 0.5), 0, 1e-9);
    EXPECT_NEAR(quantile_of(out, 0.75) - quantile_of(out, 0.25), 1, 1e-9);
  }
  const Standardised still(torch::zeros({10}, torch::kDouble));
  EXPECT_EQ(still(torch::zeros({1}, torch::kDouble))[0].item<double>(), 0);
}

TEST(AnomalyDetector, ScoresByErrorAndCode) {
  torch::manual_seed(6);
  Plain model(ExampleSpec{Modality::kVector, {4}, {}});
  const auto train = torch::randn({200, 4});
  const AnomalyDetector detector(model, Scaling(), vectors(train));
  const auto x = torch::tensor({{0.0, 0.0, 0.0, 9.0}, {9.0, 0.0, 0.0, 0.0}, {0.0, 0.0, 0.0, 0.0}});
  const auto scores = detector.score(vectors(x));
  EXPECT_EQ(scores.front().first, "combined");  // there is no share of what is no image
  const auto error = named(scores, "error"), code = named(scores, "code");
  EXPECT_EQ(error[0].item<double>(), 81);
  EXPECT_EQ(error[1].item<double>(), 81);
  // The first lies off in an element that the code does not hold.
  EXPECT_LT(code[0].item<double>(), 1);
  EXPECT_GT(code[1].item<double>(), 5);
  const auto combined = named(scores, "combined");
  EXPECT_GT(combined[1].item<double>(), combined[0].item<double>());
  EXPECT_GT(combined[0].item<double>(), combined[2].item<double>());
}

TEST(ElementErrors, WeighWhatIsUsuallyRightMore) {
  ElementErrors usual;
  EXPECT_FALSE(usual.defined());
  // Errors of 2, of 0.1, and none of what varies as the others do.
  const auto x = torch::tensor({{1.0, 1.0, 1.0}, {-1.0, -1.0, -1.0}});
  const auto rest = torch::tensor({{2.0, 0.1, 0.0}, {-2.0, 0.1, 0.0}});
  usual.add(rest.narrow(0, 0, 1), x.narrow(0, 0, 1), {});
  usual.add(rest.narrow(0, 1, 1), x.narrow(0, 1, 1), {});
  const auto scores = usual.weighted(
      torch::tensor({{2.0, 0.0, 0.0}, {0.0, -0.2, 0.0}, {0.0, 0.0, 0.1}, {2.0, 0.1, 0.05}}));
  EXPECT_NEAR(scores[0].item<double>(), 1, 1e-6);
  EXPECT_NEAR(scores[1].item<double>(), 4, 1e-6);
  EXPECT_NEAR(scores[2].item<double>(), 0.01 * 400, 1e-6);  // the elements' mean variance is 1
  EXPECT_NEAR(scores[3].item<double>(), 1 + 1 + 1, 1e-6);
  // What pads an example is no sign that its element is usually right.
  ElementErrors padded;
  padded.add(torch::tensor({{2.0, 3.0}, {2.0, 0.0}}), torch::tensor({{1.0, 1.0}, {2.0, 9.0}}),
             torch::tensor({{1.0, 1.0}, {1.0, 0.0}}));
  EXPECT_NEAR(padded.weighted(torch::tensor({{0.0, 3.0}}))[0].item<double>(), 1, 1e-6);
  // Where the model gave no answer nothing is learned.
  padded.add(torch::tensor({{2.0F, std::numeric_limits<float>::quiet_NaN()}}), torch::ones({1, 2}),
             {});
  EXPECT_NEAR(padded.weighted(torch::tensor({{0.0, 3.0}}))[0].item<double>(), 1, 1e-6);
  // Nothing varies, nothing is wrong: another value is far off, not infinitely.
  ElementErrors still;
  still.add(torch::zeros({4, 1}), torch::ones({4, 1}), {});
  const auto off = still.weighted(torch::ones({1, 1}))[0].item<double>();
  EXPECT_GT(off, 1e3);
  EXPECT_TRUE(std::isfinite(off));
}

TEST(AnomalyDetector, WeighsErrorsOfWhatIsNoImage) {
  torch::manual_seed(6);
  Plain model(ExampleSpec{Modality::kVector, {3}, {}});
  const auto spread = torch::tensor({1.0, 1.0, 0.1});
  const AnomalyDetector detector(model, Scaling(), vectors(torch::randn({2000, 3}) * spread));
  const auto scores =
      detector.score(vectors(torch::tensor({{0.0, 0.0, 1.0}, {3.0, 0.0, 0.0}, {0.0, 0.0, 0.0}})));
  const auto weighted = named(scores, "weighted_error");
  EXPECT_NEAR(weighted[0].item<double>(), 100, 10);
  EXPECT_NEAR(weighted[1].item<double>(), 9, 1);
  EXPECT_EQ(named(scores, "error")[0].item<double>(), 1);
  // The first has the code of the third, and by its plain error would be as good as normal.
  const auto combined = named(scores, "combined");
  EXPECT_GT((combined[0] - combined[2]).item<double>(), 2);
  Plain of_images(ExampleSpec{Modality::kImage, {1, 4, 4}, {}});
  Dataset images;
  images.spec = {Modality::kImage, {1, 4, 4}, {}};
  images.x = torch::rand({20, 1, 4, 4});
  for (const auto& [name, values] : AnomalyDetector(of_images, Scaling(), images).score(images))
    EXPECT_NE(name, "weighted_error");
}

TEST(AnomalyDetector, GoesByTheDensityWhereItIsExact) {
  torch::manual_seed(6);
  Normal model(ExampleSpec{Modality::kVector, {2}, {}});
  const auto train = vectors(torch::randn({300, 2}));
  const AnomalyDetector detector(model, Scaling(), train);
  const auto scores = detector.score(vectors(torch::tensor({{0.0, 0.0}, {3.0, 4.0}})));
  ASSERT_EQ(scores.front().first, "density");
  EXPECT_NEAR(scores.front().second[0].item<double>(), std::log(2 * M_PI), 1e-5);
  EXPECT_NEAR(scores.front().second[1].item<double>(), std::log(2 * M_PI) + 12.5, 1e-4);
  EXPECT_EQ(detector.training().front().second.size(0), 300);
  EXPECT_NO_THROW(named(scores, "code"));  // the others are there to be held against
}

TEST(AnomalyDetector, PassesOverPadding) {
  Plain model(ExampleSpec{Modality::kSeries, {3, 1}, {}});
  auto set = vectors(torch::tensor({{1.0, 2.0, 5.0}, {1.0, 2.0, 5.0}}));
  set.spec = {Modality::kSeries, {3, 1}, {}};
  set.x = set.x.unsqueeze(2);
  set.length = torch::tensor({2, 3}, torch::kLong);
  const AnomalyDetector detector(model, Scaling(), set);
  const auto error = named(detector.score(set), "error");
  EXPECT_EQ(error[0].item<double>(), 5);
  EXPECT_EQ(error[1].item<double>(), 30);
}

TEST(AnomalyDetector, TakesNoAnswerForTheLeastNormal) {
  Plain model(ExampleSpec{Modality::kVector, {2}, {}});
  torch::manual_seed(7);
  const AnomalyDetector detector(model, Scaling(), vectors(torch::randn({50, 2})));
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [name, values] :
       detector.score(vectors(torch::tensor({{nan, 0.0f}, {0.0f, 0.0f}}))))
    EXPECT_EQ(values[0].item<double>(), std::numeric_limits<double>::infinity()) << name;
}

TEST(AnomalyDetector, AsksForAnAbilityAndExamples) {
  Mute mute(ExampleSpec{Modality::kVector, {2}, {}});
  Plain plain(ExampleSpec{Modality::kVector, {2}, {}});
  const auto some = vectors(torch::randn({5, 2}));
  EXPECT_EQ(cause_of([&] { const AnomalyDetector made(mute, Scaling(), some); }), Cause::kConfig);
  EXPECT_EQ(cause_of([&] { const AnomalyDetector made(plain, Scaling(), some.first(0)); }),
            Cause::kData);
}

TEST(Judgement, TakesTheThresholdFromTrainingAlone) {
  torch::manual_seed(8);
  Plain model(ExampleSpec{Modality::kVector, {12}, {}});
  const auto train = vectors(torch::randn({300, 12}));
  const auto judge = [&](double spread) {
    const auto odd = torch::cat({torch::zeros({50}), torch::ones({50})}).to(torch::kBool);
    return judge_anomalies(
        model, Scaling(), train,
        vectors(torch::cat({torch::randn({50, 12}), spread * torch::randn({50, 12})})), odd);
  };
  const auto near = judge(1.5), far = judge(20);
  ASSERT_EQ(near.model.size(), far.model.size());
  // PCA with 2 and 10 components, each also weighted, and the nearest example.
  ASSERT_EQ(near.trivial.size(), 5u);
  for (std::size_t i = 0; i < near.model.size(); ++i)
    EXPECT_EQ(near.model[i].threshold, far.model[i].threshold);
  for (std::size_t i = 0; i < near.trivial.size(); ++i)
    EXPECT_EQ(near.trivial[i].threshold, far.trivial[i].threshold);
  EXPECT_EQ(far.model.front().auroc, 1);
  EXPECT_LT(near.model.front().auroc, 0.99);
  // By definition one in twenty of the training examples lies above.
  const auto again = judge_anomalies(model, Scaling(), train, train, {});
  EXPECT_EQ(again.model[1].flagging.flagged, 15);
  EXPECT_EQ(again.model[1].name, "weighted_error");
}

TEST(Judgement, HasNoPcaWhereACodeIsAsWideAsTheFewElements) {
  const auto some = vectors(torch::randn({20, 2}));
  const auto trivial = trivial_scores(2, Scaling(), some, some);
  ASSERT_EQ(trivial.set.size(), 1U);
  EXPECT_EQ(trivial.set[0].first, "nearest");
}

TEST(Judgement, PassesOverPaddingOfSeries) {
  torch::manual_seed(9);
  auto set = vectors(5 + torch::randn({40, 6}));
  set.spec = {Modality::kSeries, {6, 1}, {}};
  set.x = set.x.unsqueeze(2);
  set.length = torch::arange(40).remainder(6) + 1;
  const auto scaling = Scaling::fit(set, ScalingKind::kStandard);
  auto other = set;  // with something else behind the ends
  other.x = with_padding(set.x, set.length, -7);
  const auto trivial = trivial_scores(2, scaling, set, set);
  const auto same = trivial_scores(2, scaling, other, other);
  const auto x = to_model(scaling, set.x, set.length).flatten(1);
  const auto pca = fit_pca(x, 2);
  const auto rest = (x - pca.decode(pca.encode(x))).square() * real_elements(set);
  EXPECT_TRUE(torch::allclose(named(trivial.set, "pca_2"), rest.sum(1).to(torch::kDouble), 1e-4));
  for (const auto* name : {"pca_2", "nearest"}) {
    EXPECT_TRUE(torch::equal(named(trivial.set, name), named(same.set, name))) << name;
    EXPECT_TRUE(torch::equal(named(trivial.training, name), named(same.training, name))) << name;
  }
}

TEST(Judgement, KnowsAnomaliesByTheNamesOfClasses) {
  const auto label = torch::tensor({0, 1, 2, 0}, torch::kLong);
  const auto set = vectors(torch::zeros({4, 2}), label);
  EXPECT_TRUE(torch::equal(known_anomalies(set, {"good", "unheard of"}), label != 0));
  EXPECT_TRUE(torch::equal(known_anomalies(set, {"good", "worse"}), label == 1));
  EXPECT_FALSE(known_anomalies(set, {}).defined());
  EXPECT_FALSE(known_anomalies(vectors(torch::zeros({4, 2})), {"good"}).defined());
}

TEST(Judgement, NamesResults) {
  JudgedScore first, second;
  first.name = "share";
  first.auroc = 0.9;
  second.name = "error";
  second.auroc = 0.8;
  const auto results = results_of({first, second});
  const auto value = [&](const std::string& name) {
    for (const auto& [key, number] : results)
      if (key == name) return number;
    return -1.0;
  };
  EXPECT_EQ(value("auroc"), 0.9);
  EXPECT_EQ(value("auroc_share"), 0.9);
  EXPECT_EQ(value("auroc_error"), 0.8);
  EXPECT_EQ(trivial_results_of({second}).front().first, "error_auroc");
}

}  // namespace
}  // namespace figment
