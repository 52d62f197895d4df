#include "figment/models/stacked/stacked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "figment/core/error.h"
#include "figment/eval/anomaly_scores.h"
#include "figment/eval/evaluate.h"
#include "figment/model/conditions.h"

namespace figment::models {
namespace {

const ExampleSpec kSpec{Modality::kVector, {12}, {"a", "b", "c"}};

// Three clouds around points of twelve dimensions, one for each class.
Batch clouds(int64_t n, double spread = 0.3) {
  torch::manual_seed(3);
  Batch batch;
  batch.label = torch::arange(n) % 3;
  batch.x = torch::randn({3, 12}).index_select(0, batch.label) + spread * torch::randn({n, 12});
  return batch;
}

StackedConfig small() {
  StackedConfig config;
  config.hidden = {16, 8, 5};
  config.pretrain_optimizer.learning_rate = 0.01;
  config.optimizer.learning_rate = 0.01;
  return config;
}

double first_metric(Stacked& model, const Batch& batch, std::uint64_t seed = 1) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(seed);
  model.eval();
  const auto value = model.validation_step(batch).front().second.item<double>();
  model.train();
  return value;
}

void learn(Stacked& model, const Batch& batch, int steps) {
  model.train();
  for (int i = 0; i < steps; ++i) {
    model.set_clock({i, steps, 0});
    model.training_step(batch);
  }
}

// The metric `name` of one step.
double metric_of_step(Stacked& model, const Batch& batch, const std::string& name) {
  model.train();
  model.set_clock({0, 1, 0});
  for (const auto& [key, value] : model.training_step(batch))
    if (key == name) return value.item<double>();
  ADD_FAILURE() << "no metric " << name;
  return 0;
}

std::vector<torch::Tensor> weights_of(const Stacked& model) {
  std::vector<torch::Tensor> all;
  for (const auto& p : model.parameters()) all.push_back(p.detach().clone());
  return all;
}

TEST(Stacked, LowersTheLossOfEachLayerInItsStageAndLeavesTheOthersAlone) {
  for (const auto activation : {Activation::kSigmoid, Activation::kTanh, Activation::kRelu}) {
    auto config = small();
    config.activation = activation;
    torch::manual_seed(1);
    Stacked model(config, kSpec);
    const auto batch = clouds(96);
    const auto stages = model.stages(4);
    ASSERT_EQ(stages.size(), 4u);
    EXPECT_EQ(stages.back().name, "fine-tune");
    EXPECT_EQ(stages.back().epochs, 4);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(stages[i].name, "layer " + std::to_string(i + 1));
      EXPECT_EQ(stages[i].epochs, config.pretrain_epochs);
      model.begin_stage(stages[i]);
      const auto before = first_metric(model, batch);
      const auto weights = model.named_parameters();
      std::map<std::string, torch::Tensor> old;
      for (const auto& item : weights) old[item.key()] = item.value().detach().clone();
      learn(model, batch, 150);
      EXPECT_LT(first_metric(model, batch), 0.9 * before) << stages[i].name;
      const auto own = std::to_string(i + 1) + ".";
      for (const auto& item : weights) {
        const bool learns = item.key().find("coder" + own) != std::string::npos;
        EXPECT_EQ(learns, !torch::equal(item.value(), old[item.key()])) << item.key();
      }
      model.end_stage(stages[i]);
    }
  }
}

TEST(Stacked, ComputesNoGradientOfTheLayersBelow) {
  Stacked model(small(), kSpec);
  model.begin_stage({"layer 3", 1});
  model.train();
  const auto codes = model.input_of(2, clouds(8).x);
  EXPECT_EQ(codes.sizes().vec(), (std::vector<int64_t>{8, 8}));
  EXPECT_FALSE(codes.requires_grad());
}

TEST(Stacked, DamagesWhatALayerLearnsFromAsItsEntrySays) {
  auto config = small();
  config.hidden = {16, 8};
  config.corruption = {{Corruption::kNone, 0, false}, {Corruption::kMasking, 0.5, false}};
  Stacked model(config, kSpec);
  const auto batch = clouds(32);
  model.begin_stage({"layer 1", 1});
  EXPECT_EQ(first_metric(model, batch, 1), first_metric(model, batch, 2));
  model.begin_stage({"layer 2", 1});
  EXPECT_NE(first_metric(model, batch, 1), first_metric(model, batch, 2));
}

TEST(Stacked, FineTunesRandomAndPretrainedWeightsAlike) {
  auto config = small();
  config.target = StackedTarget::kLabels;
  config.dropout = 0.2;
  config.optimizer.schedule = Schedule::kCosine;
  Stacked with(config, kSpec);
  config.pretrain = false;
  Stacked without(config, kSpec);
  ASSERT_EQ(without.stages(7).size(), 1u);
  EXPECT_EQ(with.stages(7).back().name, without.stages(7).back().name);
  EXPECT_EQ(with.stages(7).back().epochs, without.stages(7).back().epochs);
  const auto batch = clouds(48);
  for (const auto& stage : with.stages(7)) {
    with.begin_stage(stage);
    if (stage.name != "fine-tune") learn(with, batch, 5);
  }
  without.begin_stage(without.stages(7).back());
  {
    const torch::NoGradGuard no_grad;
    const auto from = with.parameters(), to = without.parameters();
    for (std::size_t i = 0; i < to.size(); ++i) torch::Tensor(to[i]).copy_(from[i]);
  }
  for (auto* model : {&with, &without}) {
    torch::manual_seed(4);
    learn(*model, batch, 6);
  }
  const auto a = weights_of(with), b = weights_of(without);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i], b[i]));
}

TEST(Stacked, LearnsTheClassesAndTellsTheirLogProbabilities) {
  auto config = small();
  config.target = StackedTarget::kLabels;
  Stacked model(config, kSpec);
  const auto batch = clouds(96);
  for (const auto& stage : model.stages(1)) {
    model.begin_stage(stage);
    learn(model, batch, stage.name == "fine-tune" ? 300 : 50);
    model.end_stage(stage);
  }
  torch::NoGradGuard no_grad;
  model.eval();
  const auto metrics = model.validation_step(batch);
  EXPECT_EQ(metrics.front().first, "classification_error");
  EXPECT_LT(metrics.front().second.item<double>(), 0.02);
  const auto log_p = model.classify(batch);
  EXPECT_TRUE(torch::allclose(log_p.exp().sum(1), torch::ones({96})));
  EXPECT_NEAR(metrics[1].second.item<double>(), torch::nll_loss(log_p, batch.label).item<double>(),
              1e-5);
  // Beside the classes, the decoder has learned from the same codes.
  EXPECT_LT((model.reconstruct(batch) - batch.x).square().mean().item<double>(),
            0.5 * batch.x.var().item<double>());
}

TEST(Stacked, LearnsTheClassesBesideWithNoSayInTheCodes) {
  auto config = small();
  const auto batch = clouds(48);
  std::vector<torch::Tensor> codes;
  for (const bool beside : {true, false}) {
    config.beside = beside;
    torch::manual_seed(1);
    Stacked model(config, kSpec);
    model.begin_stage({"fine-tune", 1});
    learn(model, batch, 200);
    torch::NoGradGuard no_grad;
    model.eval();
    codes.push_back(model.encode(batch));
    const auto error =
        (model.classify(batch).argmax(1) != batch.label).to(torch::kDouble).mean().item<double>();
    EXPECT_EQ(error < 0.1, beside) << error;
  }
  EXPECT_TRUE(torch::equal(codes[0], codes[1]));
}

TEST(Stacked, SmoothsLabelsAsPyTorchDoes) {
  auto config = small();
  config.target = StackedTarget::kLabels;
  config.beside = false;
  config.label_smoothing = 0.2;
  Stacked model(config, kSpec);
  const auto batch = clouds(12);
  model.begin_stage({"fine-tune", 1});
  learn(model, batch, 20);
  const auto wanted = torch::nn::functional::cross_entropy(
      model.classify(batch), batch.label,
      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(0.2));
  const auto told = model.training_step(batch).front().second;
  EXPECT_NEAR(told.item<double>(), wanted.item<double>(), 1e-5);
}

Dataset set_of_clouds() {
  const auto batch = clouds(30);
  Dataset set;
  set.name = "clouds";
  set.spec = kSpec;
  set.x = batch.x;
  set.label = batch.label;
  return set;
}

// Whether any of these is named `name`.
template <class Named>
bool tells(const Named& all, const std::string& name) {
  return std::any_of(all.begin(), all.end(), [&](const auto& item) { return item.first == name; });
}

TEST(Stacked, IsNotJudgedByADecoderThatTheEncoderLeftBehind) {
  const auto set = set_of_clouds();
  for (const auto target : {StackedTarget::kReconstruction, StackedTarget::kLabels})
    for (const bool beside : {true, false}) {
      auto config = small();
      config.target = target;
      config.beside = beside;
      Stacked model(config, kSpec);
      const bool learns = beside || target == StackedTarget::kReconstruction;
      EXPECT_EQ(reconstructs_of(model) != nullptr, learns);
      EXPECT_EQ(decodes_of(model) != nullptr, learns);
      const auto results = evaluate(model, Scaling(), set, 1);
      EXPECT_EQ(tells(results, "reconstruction_sse"), learns);
      EXPECT_TRUE(tells(results, "active_units"));
      EXPECT_EQ(baselines(model, Scaling(), set, set).empty(), !learns);
      const auto scores = AnomalyDetector(model, Scaling(), set).score(set);
      EXPECT_EQ(tells(scores, "error"), learns);
      EXPECT_TRUE(tells(scores, "code"));
      // In its pretraining the decoder is what is learned.
      model.begin_stage({"layer 2", 1});
      EXPECT_NE(reconstructs_of(model), nullptr);
    }
}

TEST(Stacked, SaysWhatADecoderOfItsCodesTakes) {
  auto config = small();
  config.target = StackedTarget::kLabels;
  const Stacked beside(config, kSpec);
  EXPECT_NO_THROW(need_decoder_of_codes(beside, "decode"));
  config.beside = false;
  const Stacked alone(config, kSpec);
  std::string told;
  try {
    need_decoder_of_codes(alone, "decode");
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kConfig);
    told = error.what();
  }
  EXPECT_NE(told.find("encoder went on without it; train anew with model.beside=true"),
            std::string::npos)
      << told;
}

TEST(Stacked, IsNotJudgedByAClassifierThatNeverLearned) {
  const auto set = set_of_clouds();
  for (const auto target : {StackedTarget::kReconstruction, StackedTarget::kLabels})
    for (const bool beside : {true, false}) {
      auto config = small();
      config.target = target;
      config.beside = beside;
      Stacked model(config, kSpec);
      const bool learns = beside || target == StackedTarget::kLabels;
      EXPECT_EQ(classifier_of(model) != nullptr, learns);
      EXPECT_EQ(tells(evaluate(model, Scaling(), set, 1), "classification_error"), learns);
      model.begin_stage({"layer 2", 1});
      EXPECT_EQ(classifier_of(model), nullptr);
    }
  Stacked unlabelled(small(), {Modality::kVector, {12}, {}});
  EXPECT_EQ(classifier_of(unlabelled), nullptr);
  EXPECT_STREQ(unlabelled.to_classify(), "examples with labels");
}

// Pictures at the end of a layer put averages in place: they are to find those that were judged.
TEST(Stacked, GoesOnFromTheAveragesOfALayer) {
  auto config = small();
  config.pretrain_optimizer.average = 0.99;
  Stacked model(config, kSpec);
  const auto batch = clouds(48);
  model.begin_stage({"layer 1", 1});
  learn(model, batch, 30);
  model.eval();
  const torch::NoGradGuard no_grad;
  torch::Tensor judged;
  {
    const AverageScope averaged(model.optimizers());
    judged = model.reconstruct(batch);
  }
  EXPECT_FALSE(torch::equal(model.reconstruct(batch), judged));
  model.end_stage({"layer 1", 1});
  EXPECT_TRUE(torch::equal(model.reconstruct(batch), judged));
  const AverageScope averaged(model.optimizers());
  EXPECT_TRUE(torch::equal(model.reconstruct(batch), judged));
}

TEST(Stacked, UsesTheChosenLabelsAlone) {
  auto config = small();
  config.target = StackedTarget::kLabels;
  config.pretrain = false;
  config.beside = false;
  config.labelled = 9;
  const auto batch = clouds(60);
  std::vector<std::vector<torch::Tensor>> learned;
  for (const bool wrong : {false, true}) {
    torch::manual_seed(1);
    Stacked model(config, kSpec);
    const auto stages = model.stages(3);
    ASSERT_EQ(stages.size(), 2u);
    EXPECT_EQ(stages[0].epochs, 1);
    model.begin_stage(stages[0]);
    learn(model, batch, 1);
    model.end_stage(stages[0]);
    model.begin_stage(stages[1]);
    auto later = batch;
    if (wrong) later.label = (batch.label + 1) % 3;
    torch::manual_seed(2);
    learn(model, later, 20);
    learned.push_back(weights_of(model));
  }
  for (std::size_t i = 0; i < learned[0].size(); ++i)
    EXPECT_TRUE(torch::equal(learned[0][i], learned[1][i]));
}

std::string problem_of(const std::function<void(StackedConfig&)>& change, const ExampleSpec& spec) {
  Problems problems;
  auto config = small();
  change(config);
  config.check({problems, "model", nullptr});
  config.check_example(spec, {problems, "model", nullptr});
  return problems.lines().size() == 1 ? problems.lines()[0]
                                      : std::to_string(problems.lines().size()) + " problems";
}

StackedConfig against_itself(double by) {
  auto config = small();
  config.activation = Activation::kTanh;
  config.target = StackedTarget::kLabels;
  config.beside = false;
  config.pretrain = false;
  config.adversarial = by;
  return config;
}

// The classifier once it has learned for `steps`.
std::shared_ptr<Stacked> learned(const StackedConfig& config, const Batch& batch, int steps) {
  torch::manual_seed(6);
  auto model = std::make_shared<Stacked>(config, kSpec);
  model->begin_stage(model->stages(1).back());
  learn(*model, batch, steps);
  return model;
}

// x moved by 0.2 along the sign of the slope of -log p(label), and -log p(label) there.
double loss_against(Stacked& model, const Batch& batch) {
  Batch moved = batch;
  moved.x = batch.x.detach().clone().requires_grad_();
  const auto loss_of = [&] {
    return -model.classify(moved).gather(1, batch.label.unsqueeze(1)).mean();
  };
  const auto slope = torch::autograd::grad({loss_of()}, {moved.x})[0];
  moved.x = batch.x + 0.2 * slope.sign();
  return loss_of().item<double>();
}

TEST(Stacked, AsksItsClassifierAboutExamplesMovedAgainstIt) {
  const auto batch = clouds(48);
  const auto model = learned(against_itself(0.2), batch, 20);
  const auto expected = loss_against(*model, batch);
  EXPECT_NEAR(metric_of_step(*model, batch, "adversarial_loss"), expected, 1e-5);
}

TEST(Stacked, IsLessUpsetByExamplesMovedAgainstItOnceItHasLearnedThem) {
  const auto batch = clouds(96, 1.5);  // of which some lie among others
  const auto with = learned(against_itself(0.2), batch, 300);
  const auto without = learned(against_itself(0), batch, 300);
  EXPECT_LT(loss_against(*with, batch), 0.7 * loss_against(*without, batch));
}

TEST(Stacked, RefusesWhatCannotBe) {
  const ExampleSpec unlabelled{Modality::kVector, {12}, {}};
  const auto expect = [](const std::string& told, const std::string& words) {
    EXPECT_NE(told.find(words), std::string::npos) << told;
  };
  expect(problem_of([](auto& c) { c.target = StackedTarget::kLabels; }, unlabelled),
         "model.target: expected reconstruction for vector 12 without labels");
  expect(problem_of([](auto& c) { c.labelled = 5; }, kSpec), "model.labelled: expected 0");
  expect(problem_of(
             [](auto& c) {
               c.target = StackedTarget::kLabels;
               c.labelled = 2;
             },
             kSpec),
         "model.labelled: expected at least one example of each of the 3 classes, got 2");
  expect(problem_of([](auto& c) { c.adversarial = 0.1; }, kSpec),
         "model.adversarial: expected 0 with target = \"reconstruction\"");
  expect(problem_of([](auto& c) { c.hidden = {}; }, kSpec), "model.hidden: expected at least one");
  expect(problem_of([](auto& c) { c.corruption.resize(2); }, kSpec),
         "model.corruption: expected one entry, or one for each of the 3 layers, got 2");
  expect(problem_of([](auto& c) { c.loss = StackedLoss::kCrossEntropy; }, kSpec),
         "model.loss: expected squared_error for vector 12");
  Stacked model(small(), unlabelled);
  Batch batch;
  batch.x = torch::zeros({2, 12});
  EXPECT_THROW(model.classify(batch), Error);
}

}  // namespace
}  // namespace figment::models
