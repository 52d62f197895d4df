#include "figment/models/cvae/cvae.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/core/error.h"
#include "figment/nn/distributions.h"

namespace figment::models {
namespace {

const ExampleSpec kFourPixels{Modality::kImage, {1, 2, 2}, {"a", "b", "c"}, {}};

CvaeConfig small_config(Condition condition) {
  CvaeConfig config;
  config.condition = condition;
  config.embedding = 4;
  config.coder.hidden = {6};
  config.coder.activation = Activation::kTanh;
  return config;
}

std::shared_ptr<Cvae> make(const CvaeConfig& config, const ExampleSpec& spec, bool exact = true) {
  torch::manual_seed(4);
  auto model = std::make_shared<Cvae>(config, spec);
  if (exact) model->to(torch::kDouble);
  torch::NoGradGuard no_grad;
  // Zeros at the start would hide what is wrong. The posteriors stay wide, so that few draws from
  // them suffice.
  for (auto& item : model->named_parameters()) {
    const auto scale = item.key().rfind("encoder.", 0) == 0 ? 0.1 : 0.5;
    item.value() += scale * torch::randn(item.value().sizes(), item.value().options());
  }
  model->eval();
  return model;
}

// All 16 images of 2x2 binary pixels.
torch::Tensor all_images() {
  auto x = torch::empty({16, 1, 2, 2}, torch::kDouble);
  for (int64_t i = 0; i < 16; ++i)
    for (int64_t j = 0; j < 4; ++j) x[i][0][j / 2][j % 2] = (i >> j) & 1;
  return x;
}

Batch batch_of(const torch::Tensor& x, int64_t label) {
  Batch batch;
  batch.x = x;
  batch.label = torch::full({x.size(0)}, label, torch::kLong);
  return batch;
}

// log p(x | class) of all_images() by quadrature over two latent dimensions: [16].
torch::Tensor exact_log_density(Cvae& model, int64_t label) {
  constexpr int64_t kSide = 161;
  const auto line = torch::linspace(-8, 8, kSide, torch::kDouble);
  const auto z = torch::stack({line.repeat({kSide}), line.repeat_interleave(kSide)}, 1);
  const auto p = model.decode(z, torch::full({z.size(0)}, label, torch::kLong)).flatten(1);
  const auto x = all_images().flatten(1);
  const auto log_likelihood = x.mm(p.log().t()) + (1 - x).mm((1 - p).log().t());  // [16, m]
  const auto cell = std::log(0.1 * 0.1);
  return torch::logsumexp(log_likelihood + standard_normal_log_prob(z) + cell, 1);
}

TEST(Cvae, IsABoundOfADensityThatSumsToOneForEachClass) {
  torch::NoGradGuard no_grad;
  auto model = make(small_config(Condition::kClass), kFourPixels);
  std::vector<torch::Tensor> densities;
  for (int64_t one = 0; one < 3; ++one) {
    const auto exact = exact_log_density(*model, one);
    densities.push_back(exact);
    EXPECT_NEAR(exact.exp().sum().item<double>(), 1, 1e-6);
    const auto batch = batch_of(all_images(), one);
    Noise noise(1, 0, 16);
    const auto weights = model->log_weights(batch, noise, 1000);
    EXPECT_TRUE(torch::allclose(log_mean_exp(weights, 0), exact, 0, 0.15));
    const auto bound = weights.mean(0);
    EXPECT_TRUE((bound < exact + 0.1).all().item<bool>());
    // The bound in closed form is the same, less the noise of what is drawn.
    torch::manual_seed(1);
    auto sum = torch::zeros({16}, torch::kDouble);
    for (int i = 0; i < 500; ++i) {
      const auto t = model->terms(batch.x, batch, torch::randn({16, 2}, torch::kDouble));
      sum += t.reconstruction - t.kl;
    }
    EXPECT_TRUE(torch::allclose(sum / 500, bound, 0, 0.25));
  }
  EXPECT_FALSE(torch::allclose(densities[0], densities[1], 0, 0.05));
}

TEST(Cvae, ClassifiesByBayesRule) {
  torch::NoGradGuard no_grad;
  auto config = small_config(Condition::kClass);
  config.classify_samples = 800;
  auto model = make(config, kFourPixels);
  model->named_buffers()["description.class_counts"].copy_(
      torch::tensor({59, 29, 9}, torch::kLong));
  std::vector<torch::Tensor> joint;
  for (int64_t one = 0; one < 3; ++one)
    joint.push_back(exact_log_density(*model, one) +
                    std::log((60.0 - 30 * one + 10 * (one == 2)) / 100));
  const auto wanted = torch::log_softmax(torch::stack(joint, 1), 1);
  const auto got = model->classify(batch_of(all_images(), 0));
  EXPECT_TRUE(torch::allclose(got, wanted, 0, 0.15)) << got << wanted;
  // Whoever else is asked about.
  const auto alone = model->classify(batch_of(all_images().narrow(0, 5, 2), 0));
  EXPECT_TRUE(torch::allclose(alone, got.narrow(0, 5, 2), 1e-10, 1e-10));
}

// Of codes that the decoder is asked for many at once, each weighs what it does alone, whoever else
// is in the batch. 1,200 codes of four images of 1,024 pixels are asked for in two parts.
TEST(Cvae, WeighsManyCodesAsItDoesEachAlone) {
  torch::NoGradGuard no_grad;
  const ExampleSpec spec{Modality::kImage, {1, 32, 32}, {"a", "b", "c"}, {}};
  auto model = make(small_config(Condition::kClass), spec);
  torch::manual_seed(2);
  auto batch = batch_of(torch::rand({4, 1, 32, 32}, torch::kDouble), 1);
  batch.label = torch::tensor({0, 1, 2, 1}, torch::kLong);
  Noise together(1, 0, 4), one_by_one(1, 0, 4), late(1, 2, 2);
  const auto weights = model->log_weights(batch, together, 1200);
  ASSERT_EQ(weights.sizes().vec(), (std::vector<int64_t>{1200, 4}));
  std::vector<torch::Tensor> alone;
  for (int k = 0; k < 1200; ++k) alone.push_back(model->log_weights(batch, one_by_one, 1));
  EXPECT_TRUE(torch::allclose(weights, torch::cat(alone), 1e-10, 1e-8));
  Batch rest;
  rest.x = batch.x.narrow(0, 2, 2);
  rest.label = batch.label.narrow(0, 2, 2);
  EXPECT_TRUE(
      torch::allclose(model->log_weights(rest, late, 1200), weights.narrow(1, 2, 2), 1e-10, 1e-8));
}

// What the attributes say of the class counts as what the picture does, by an untrained decoder to
// which all classes are nearly alike.
TEST(Cvae, TellsClassesByTheirAttributesToo) {
  const ExampleSpec spec{Modality::kImage, {1, 2, 2}, {"a", "b", "c"}, {"x", "y"}};
  torch::manual_seed(1);
  Cvae model(small_config(Condition::kClassAndAttributes), spec);
  model.begin_stage({"train", 1});
  auto batch = batch_of(torch::rand({90, 1, 2, 2}), 0);
  batch.label = torch::arange(90).remainder(3);
  batch.attributes =
      torch::stack({batch.label.to(torch::kFloat), torch::rand({90})}, 1);  // x is the class
  model.set_clock({0, 1, 0});
  model.training_step(batch);
  model.eval();
  torch::NoGradGuard no_grad;
  const auto log_p = model.classify(batch);
  EXPECT_TRUE(torch::equal(log_p.argmax(1), batch.label));
  EXPECT_LT(log_p.exp().min().item<float>(), 0.05);
  EXPECT_TRUE(torch::allclose(log_p.exp().sum(1), torch::ones({90})));
}

// Pixels lit by the class: after a short training a sample of a class is one.
TEST(Cvae, DrawsTheClassThatIsAskedFor) {
  auto config = small_config(Condition::kClass);
  config.optimizer.learning_rate = 0.02;
  const ExampleSpec spec{Modality::kImage, {1, 1, 3}, {"a", "b", "c"}, {}};
  torch::manual_seed(1);
  Cvae model(config, spec);
  model.begin_stage({"train", 1});
  const auto label = torch::arange(96).remainder(3);
  Batch batch;
  batch.x = torch::one_hot(label, 3).to(torch::kFloat).view({96, 1, 1, 3});
  batch.label = label;
  for (int64_t step = 0; step < 200; ++step) {
    model.set_clock({step, 200, step});
    model.training_step(batch);
  }
  model.eval();
  torch::NoGradGuard no_grad;
  for (int64_t one = 0; one < 3; ++one) {
    Noise noise(1, 0, 20);
    const auto x = model.sample({20, &noise, torch::full({20}, one, torch::kLong), 1, {}});
    EXPECT_TRUE((x.flatten(1).argmax(1) == one).all().item<bool>());
    const auto codes = model.encode(batch);
    const auto moved = model.decode_as(codes, batch_of(batch.x, one));
    EXPECT_TRUE((moved.flatten(1).argmax(1) == one).all().item<bool>());
  }
  EXPECT_TRUE(torch::equal(model.classify(batch).argmax(1), label));
  // Without a class each has its share.
  Noise noise(1, 0, 300);
  const auto drawn = model.sample({300, &noise, {}, 1, {}}).flatten(1).argmax(1);
  const auto counts = torch::bincount(drawn, {}, 3);
  EXPECT_GT(counts.min().item<int64_t>(), 70);
}

TEST(Cvae, CountsTheTrainingSetOnce) {
  torch::manual_seed(1);
  const ExampleSpec spec{Modality::kImage, {1, 2, 2}, {"a", "b", "c"}, {"x", "y"}};
  Cvae model(small_config(Condition::kClassAndAttributes), spec);
  model.begin_stage({"train", 2});
  auto batch = batch_of(torch::rand({8, 1, 2, 2}), 1);
  batch.attributes =
      torch::stack({torch::arange(8), torch::arange(8).remainder(2)}, 1).to(torch::kFloat);
  for (int64_t step = 0; step < 6; ++step) {
    model.set_clock({step, 6, step / 2});
    model.training_step(batch);
  }
  const auto buffers = model.named_buffers();
  EXPECT_TRUE(
      torch::equal(buffers["description.class_counts"], torch::tensor({0, 16, 0}, torch::kLong)));
  EXPECT_EQ(buffers["description.attributes_seen"].item<int64_t>(), 16);
  EXPECT_TRUE(torch::allclose(model.attribute_mean(), torch::tensor({3.5f, 0.5f})));
  EXPECT_TRUE(
      torch::allclose(model.attribute_deviation(), torch::tensor({std::sqrt(5.25f), 0.5f})));
  EXPECT_TRUE(torch::equal(model.attribute_is_yes_or_no(), torch::tensor({false, true})));
}

TEST(Cvae, GivesNetworksTheAttributesStandardised) {
  torch::NoGradGuard no_grad;
  Description description(0, 2);
  Batch batch;
  batch.x = torch::zeros({50, 1});
  batch.attributes = torch::randn({50, 2}) * torch::tensor({10.f, 0.1f}) + 7;
  description->learn(batch);
  const auto x = description->forward({}, batch.attributes, 50);
  EXPECT_LT(x.mean(0).abs().max().item<float>(), 1e-4);
  EXPECT_TRUE(torch::allclose(x.std(0, false), torch::ones({2}), 1e-3, 1e-3));
}

// Two attributes of correlation 0.8 and an answer of one in four.
TEST(Cvae, DrawsAttributesAsTheyAreDistributed) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(2);
  Description description(0, 3);
  constexpr int64_t kMany = 20000;
  Batch batch;
  batch.x = torch::zeros({kMany, 1});
  const auto a = torch::randn({kMany}), b = 0.8 * a + 0.6 * torch::randn({kMany});
  batch.attributes =
      torch::stack({3 + 2 * a, 5 * b, (torch::rand({kMany}) < 0.25).to(torch::kFloat)}, 1);
  description->learn(batch);
  Noise noise(1, 0, kMany);
  const auto free = description->draw_attributes(noise, {});
  EXPECT_NEAR(free.select(1, 0).mean().item<float>(), 3, 0.06);
  EXPECT_NEAR(free.select(1, 0).std().item<float>(), 2, 0.06);
  EXPECT_NEAR((free.select(1, 0).sub(3) * free.select(1, 1)).mean().item<float>(), 8, 0.4);
  EXPECT_NEAR(free.select(1, 2).mean().item<float>(), 0.25, 0.015);
  EXPECT_TRUE(((free.select(1, 2) == 0) | (free.select(1, 2) == 1)).all().item<bool>());
  // The first asked to lie two deviations up, the second follows as a regression says.
  auto asked = torch::full({kMany, 3}, NAN);
  asked.select(1, 0).fill_(7);
  Noise again(1, 0, kMany);
  const auto given = description->draw_attributes(again, asked);
  EXPECT_TRUE((given.select(1, 0) == 7).all().item<bool>());
  EXPECT_NEAR(given.select(1, 1).mean().item<float>(), 5 * 0.8 * 2, 0.15);
  EXPECT_NEAR(given.select(1, 1).std().item<float>(), 5 * 0.6, 0.1);
}

// --- Completing a part ---

CvaeConfig part_config(int64_t quadrants) {
  auto config = small_config(Condition::kPart);
  config.quadrants = quadrants;
  return config;
}

TEST(CvaePart, SeesTheQuadrantsOfTheProtocol) {
  const auto seen = [](int64_t quadrants) { return visible_quadrants(quadrants, 5, 4)[0][0]; };
  const auto lower_left =
      torch::tensor({{0, 0, 0, 0}, {0, 0, 0, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}})
          .to(torch::kFloat);
  EXPECT_TRUE(torch::equal(seen(1), lower_left));
  EXPECT_TRUE(torch::equal(seen(2), torch::tensor({1.f, 1.f, 0.f, 0.f}).expand({5, 4})));
  const auto three =
      1 - torch::tensor({{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 1, 1}, {0, 0, 1, 1}, {0, 0, 1, 1}})
              .to(torch::kFloat);
  EXPECT_TRUE(torch::equal(seen(3), three));
}

// The weights of codes from the learned prior and the posterior estimate densities of the hidden
// pixels that sum to one, for each content of the seen pixel.
TEST(CvaePart, HasAConditionalDensityThatSumsToOne) {
  torch::NoGradGuard no_grad;
  auto model = make(part_config(1), {Modality::kImage, {1, 2, 2}, {}, {}});
  const auto x = all_images();
  Noise noise(1, 0, 16);
  Batch batch;
  batch.x = x;
  const auto density = log_mean_exp(model->log_weights(batch, noise, 6000), 0).exp();
  const auto seen = x.select(1, 0).select(1, 1).select(1, 0);  // the lower left pixel
  EXPECT_NEAR((density * seen).sum().item<double>(), 1, 0.05);
  EXPECT_NEAR((density * (1 - seen)).sum().item<double>(), 1, 0.05);
  // The prior is that of what is seen, so a completion depends on it and on nothing else.
  const auto mask = model->known().expand({16, 1, 2, 2});
  Noise one(3, 0, 16);
  const auto completed = model->complete(batch, mask, one);
  EXPECT_TRUE(torch::equal(completed * mask, x * mask));
  auto other = batch;
  other.x = x * mask + (1 - x) * (1 - mask);
  Noise same(3, 0, 16), different(4, 0, 16);
  EXPECT_TRUE(torch::equal(model->complete(other, mask, same), completed));
  EXPECT_FALSE(torch::allclose(model->complete(batch, mask, different), completed));
}

// A posterior that is the prior to the dot: its means differ from part to part, and no unit of it
// is active.
TEST(CvaePart, TakesNoUnitForActiveThatFollowsThePrior) {
  torch::NoGradGuard no_grad;
  auto config = part_config(1);
  config.coder.hidden = {};  // the encoder is one linear layer, of the pixels and the embedding
  auto model = make(config, {Modality::kImage, {1, 2, 2}, {}, {}});
  auto all = model->named_parameters();
  all["encoder.output.weight"].zero_();
  all["encoder.output.weight"].narrow(1, 4, config.embedding).copy_(all["part.prior.weight"]);
  all["encoder.output.bias"].copy_(all["part.prior.bias"]);
  Batch batch;
  batch.x = all_images();
  EXPECT_GT(model->encode(batch).var(0).min().item<double>(), 0);
  auto means = model->posterior_means(batch);
  ASSERT_EQ(means.size(), 1u);
  EXPECT_LT(means[0].abs().max().item<double>(), 1e-9);
  // One that moves by a deviation of the prior is at a distance of 1.
  const auto log_variance = all["part.prior.bias"].narrow(0, config.latent_dim, 1);
  all["part.prior.weight"].narrow(0, config.latent_dim, 1).zero_();
  all["encoder.output.bias"].narrow(0, 0, 1).add_((log_variance / 2).exp());
  means = model->posterior_means(batch);
  EXPECT_TRUE(torch::allclose(means[0].select(1, 0), torch::ones({16}, torch::kDouble)))
      << means[0];
}

TEST(CvaePart, LearnsTheGuessFirstAndThenLeavesIt) {
  torch::manual_seed(1);
  Cvae model(part_config(2), {Modality::kImage, {1, 4, 4}, {}, {}});
  const auto stages = model.stages(3);
  ASSERT_EQ(stages.size(), 2u);
  EXPECT_EQ(stages[0].epochs, 5);
  Batch batch;
  batch.x = torch::rand({16, 1, 4, 4});
  const auto copy = [&] {
    std::map<std::string, torch::Tensor> out;
    for (const auto& item : model.named_parameters()) out[item.key()] = item.value().clone();
    return out;
  };
  for (const auto& stage : stages) {
    const auto before = copy();
    model.begin_stage(stage);
    for (int64_t step = 0; step < 3; ++step) {
      model.set_clock({step, 3, 0});
      model.training_step(batch);
    }
    for (const auto& [name, value] : copy()) {
      const bool guess = name.rfind("part.guess_", 0) == 0;
      EXPECT_EQ(!torch::equal(value, before.at(name)), guess == (stage.name == "guess")) << name;
    }
  }
  // What it completes when nobody gives it a part are examples it has seen.
  EXPECT_TRUE(torch::equal(model.named_buffers()["part.kept"].narrow(0, 16, 16), batch.x));
}

// --- What it refuses ---

std::string problem_of(const CvaeConfig& config, const ExampleSpec& spec) {
  Problems problems;
  config.check({problems, "model", nullptr});
  config.check_example(spec, {problems, "model", nullptr});
  return problems.empty() ? "" : problems.lines()[0];
}

template <class F>
std::string error_of(F&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Cvae, RefusesWhatDoesNotFitTheData) {
  const ExampleSpec table{Modality::kVector, {4}, {}, {}};
  auto config = small_config(Condition::kClass);
  EXPECT_NE(problem_of(config, table).find("model.likelihood: expected gaussian"),
            std::string::npos);
  config.likelihood = CvaeLikelihood::kGaussian;
  EXPECT_NE(problem_of(config, table).find("expected examples with labels"), std::string::npos);
  config.condition = Condition::kAttributes;
  EXPECT_NE(problem_of(config, table).find("expected examples with attributes"), std::string::npos);
  config.condition = Condition::kPart;
  EXPECT_NE(problem_of(config, table).find("model.likelihood: expected bernoulli"),
            std::string::npos);
  config.likelihood = CvaeLikelihood::kBernoulli;
  EXPECT_NE(
      problem_of(config, {Modality::kImage, {1, 1, 4}, {}, {}}).find("expected images of 2x2"),
      std::string::npos);
  config = small_config(Condition::kClass);
  config.likelihood = CvaeLikelihood::kGaussian;
  config.binarize = CvaeBinarization::kSampled;
  EXPECT_NE(problem_of(config, kFourPixels).find("model.binarize: expected none"),
            std::string::npos);
}

TEST(Cvae, RefusesExamplesWithoutItsCondition) {
  auto model = make(small_config(Condition::kClass), kFourPixels, false);
  Batch batch;
  batch.x = torch::rand({3, 1, 2, 2});
  EXPECT_NE(error_of([&] { model->encode(batch); }).find("expected examples with labels"),
            std::string::npos);
  batch.label = torch::full({3}, 7, torch::kLong);
  EXPECT_NE(error_of([&] { model->encode(batch); }).find("expected classes in [0, 3)"),
            std::string::npos);
  auto described = make(small_config(Condition::kAttributes),
                        {Modality::kImage, {1, 2, 2}, {}, {"x", "y"}}, false);
  EXPECT_NE(error_of([&] { described->encode(batch); }).find("expected examples with 2 attributes"),
            std::string::npos);
  Noise noise(1, 0, 3);
  const auto nothing = torch::zeros({3, 1, 2, 2});
  EXPECT_NE(
      error_of([&] { model->complete(batch, nothing, noise); }).find("model.condition = \"part\""),
      std::string::npos);
  auto part = make(part_config(1), {Modality::kImage, {1, 2, 2}, {"a", "b"}, {}}, false);
  EXPECT_NE(error_of([&] { part->classify(batch); }).find("model.condition = \"class\""),
            std::string::npos);
  EXPECT_NE(error_of([&] { part->complete(batch, nothing, noise); }).find("quadrants are known"),
            std::string::npos);
  EXPECT_EQ(classifier_of(*part), nullptr);
  EXPECT_EQ(classifier_of(*model), model.get());
  EXPECT_EQ(part_of(*part), part.get());
  EXPECT_EQ(attributes_of(*model), nullptr);
}

TEST(Cvae, SaysWhatItsLikelihoodIsOf) {
  auto config = small_config(Condition::kClass);
  const auto of = [&] { return Cvae(config, kFourPixels).likelihood_of(); };
  EXPECT_EQ(of(), LikelihoodOf::kProbabilities);
  config.binarize = CvaeBinarization::kSampled;
  EXPECT_EQ(of(), LikelihoodOf::kBinaryDraws);
  config.binarize = CvaeBinarization::kNone;
  config.likelihood = CvaeLikelihood::kGaussian;
  EXPECT_EQ(of(), LikelihoodOf::kReals);
}

// A model of vectors with a learned variance, and one with convolutions: every ability answers.
TEST(Cvae, TakesVectorsAndConvolutions) {
  auto gaussian = small_config(Condition::kClassAndAttributes);
  gaussian.likelihood = CvaeLikelihood::kGaussian;
  auto conv = small_config(Condition::kClassAndAttributes);
  conv.coder.network = Network::kConv;
  conv.coder.channels = {3, 4};
  for (const auto& [config, shape] :
       {std::pair{gaussian, std::vector<int64_t>{5}}, {conv, std::vector<int64_t>{1, 9, 8}}}) {
    const ExampleSpec spec{
        shape.size() == 1 ? Modality::kVector : Modality::kImage, shape, {"a", "b"}, {"x"}};
    Cvae model(config, spec);
    model.begin_stage({"train", 1});
    auto sizes = shape;
    sizes.insert(sizes.begin(), 6);
    auto batch = batch_of(torch::rand(sizes), 1);
    batch.attributes = torch::randn({6, 1});
    const auto metrics = model.training_step(batch);
    EXPECT_TRUE(std::isfinite(metrics[0].second.item<float>()));
    model.eval();
    torch::NoGradGuard no_grad;
    EXPECT_EQ(model.reconstruct(batch).sizes().vec(), sizes);
    EXPECT_EQ(model.classify(batch).sizes().vec(), (std::vector<int64_t>{6, 2}));
    Noise noise(1, 0, 6);
    EXPECT_EQ(model.sample({6, &noise, {}, 1, {}}).sizes().vec(), sizes);
    EXPECT_TRUE(model.log_density(batch, noise).total.isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace figment::models
