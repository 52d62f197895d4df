#include "figment/models/gan/gan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "figment/core/error.h"

namespace figment::models {
namespace {

const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {}};
const ExampleSpec kPlane{Modality::kVector, {2}, {"a", "b", "c"}};
const ExampleSpec kLine{Modality::kVector, {1}, {}};

Batch batch_of(const torch::Tensor& x, const torch::Tensor& label = {}) {
  Batch batch;
  batch.x = x;
  batch.label = label;
  return batch;
}

void descend(OptimizerConfig& optimizer, double rate) {
  optimizer.algorithm = Algorithm::kSgd;
  optimizer.momentum = 0;
  optimizer.learning_rate = rate;
}

// Small networks that learn by plain descent.
GanConfig plain_descent() {
  GanConfig config;
  config.latent_dim = 3;
  config.generator.hidden = {7};
  config.discriminator.hidden = {6, 5};
  descend(config.optimizer, 0.1);
  descend(config.discriminator_optimizer, 0.1);
  return config;
}

template <class M>
std::shared_ptr<M> part(const torch::nn::Module& model, const std::string& name) {
  return std::dynamic_pointer_cast<M>(model.named_children()[name]);
}

std::vector<torch::Tensor> copies(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> out;
  out.reserve(tensors.size());
  for (const auto& tensor : tensors) out.push_back(tensor.detach().clone());
  return out;
}

bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!torch::equal(a[i], b[i])) return false;
  return true;
}

// What the discriminator and the generator minimise, written out from the papers.
torch::Tensor discriminators(AdversarialLoss kind, const torch::Tensor& t, const torch::Tensor& m) {
  switch (kind) {
    case AdversarialLoss::kNonSaturating:
    case AdversarialLoss::kMinimax:
      return -(torch::log(torch::sigmoid(t)) + torch::log(1 - torch::sigmoid(m))).mean();
    case AdversarialLoss::kLeastSquares:
      return (0.5 * (t - 1).pow(2) + 0.5 * m.pow(2)).mean();
    case AdversarialLoss::kHinge:
      return ((1 - t).clamp_min(0) + (1 + m).clamp_min(0)).mean();
    case AdversarialLoss::kWasserstein:
      return (m - t).mean();
  }
  return {};
}

torch::Tensor generators(AdversarialLoss kind, const torch::Tensor& m) {
  switch (kind) {
    case AdversarialLoss::kNonSaturating:
      return -torch::log(torch::sigmoid(m)).mean();
    case AdversarialLoss::kMinimax:
      return torch::log(1 - torch::sigmoid(m)).mean();
    case AdversarialLoss::kLeastSquares:
      return (0.5 * (m - 1).pow(2)).mean();
    case AdversarialLoss::kHinge:
    case AdversarialLoss::kWasserstein:
      return -m.mean();
  }
  return {};
}

// The discriminator moves against its own gradient, then the generator against its own at the new
// discriminator, and neither by anything else.
TEST(Gan, EachSideFollowsItsOwnGradient) {
  for (const auto& entry : enum_names(AdversarialLoss{})) {
    SCOPED_TRACE(entry.name);
    auto config = plain_descent();
    config.adversarial_loss = entry.value;
    const auto make = [&] {
      torch::manual_seed(1);
      auto model = std::make_shared<Gan>(config, kPicture);
      model->to(torch::kDouble);
      return model;
    };
    const auto x = torch::rand({9, 1, 8, 8}, torch::kDouble);
    const auto model = make(), before = make();
    torch::manual_seed(6);
    model->training_step(batch_of(x));

    torch::manual_seed(6);
    const auto z = torch::randn({9, 3}, torch::kDouble);
    auto generator = part<GeneratorImpl>(*before, "generator");
    auto critic = part<CriticImpl>(*before, "discriminator");
    auto moved_generator = part<GeneratorImpl>(*model, "generator");
    auto moved_critic = part<CriticImpl>(*model, "discriminator");
    const auto made = torch::tanh(generator->forward(z));
    const auto expect_moved = [](const torch::Tensor& loss, const torch::nn::Module& from,
                                 const torch::nn::Module& to) {
      const auto gradients = torch::autograd::grad({loss}, from.parameters(), {}, true);
      EXPECT_GT(gradients[0].abs().max().item<double>(), 0);
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        EXPECT_TRUE(torch::allclose(to.parameters()[i], from.parameters()[i] - 0.1 * gradients[i],
                                    1e-11, 1e-12))
            << i;
      }
    };
    expect_moved(discriminators(entry.value, critic->forward(2 * x - 1, {}).score,
                                critic->forward(made.detach(), {}).score),
                 *critic, *moved_critic);
    expect_moved(generators(entry.value, moved_critic->forward(made, {}).score), *generator,
                 *moved_generator);
    for (const auto& parameter : moved_critic->parameters())
      EXPECT_TRUE(parameter.requires_grad());  // fixed for the generator's step alone
  }
}

TEST(Gan, TheGeneratorLearnsInEveryKthStep) {
  auto config = plain_descent();
  config.discriminator_steps = 3;
  Gan model(config, kPicture);
  auto generator = part<GeneratorImpl>(model, "generator");
  auto critic = part<CriticImpl>(model, "discriminator");
  for (int64_t step = 0; step < 6; ++step) {
    model.set_clock({step, 6, 0});
    const auto of_generator = copies(generator->parameters());
    const auto of_critic = copies(critic->parameters());
    model.training_step(batch_of(torch::rand({4, 1, 8, 8})));
    EXPECT_EQ(!equal(of_generator, generator->parameters()), step % 3 == 2) << step;
    EXPECT_FALSE(equal(of_critic, critic->parameters())) << step;
  }
}

// A discriminator without hidden layers has one slope everywhere: that of its weight.
TEST(Gan, AddsThePenaltiesToTheDiscriminatorsLoss) {
  auto config = plain_descent();
  config.discriminator.hidden = {};
  config.adversarial_loss = AdversarialLoss::kWasserstein;
  config.gradient_penalty = 10;
  config.r1 = 3;
  torch::manual_seed(1);
  Gan model(config, kPicture);
  const auto w = part<CriticImpl>(model, "discriminator")->parameters()[0].norm().item<double>();
  std::map<std::string, double> values;
  for (const auto& [name, value] : model.training_step(batch_of(torch::rand({5, 1, 8, 8}))))
    values[name] = value.item<double>();
  EXPECT_NEAR(values.at("gradient_penalty"), (w - 1) * (w - 1), 1e-4);
  EXPECT_NEAR(values.at("r1"), w * w, 1e-4);
  EXPECT_NEAR(
      values.at("discriminator_loss"),
      values.at("made_score") - values.at("true_score") + 10 * (w - 1) * (w - 1) + 1.5 * w * w,
      1e-3);
}

// True x ~ N(0, 1) against made x ~ N(1, 1): the best discriminator has D = p / (p + q), GAN eq. 2,
// and so the log-odds log p / q = 1/2 - x, and its loss is log 4 less twice the Jensen-Shannon
// divergence, 0.11106 by quadrature.
TEST(Gan, TheDiscriminatorAloneFindsTheOptimum) {
  auto config = plain_descent();
  config.latent_dim = 1;
  config.generator.hidden = {};
  config.discriminator.hidden = {};
  config.discriminator_steps = 1000;
  config.discriminator_optimizer = gan_optimizer();
  config.discriminator_optimizer.learning_rate = 0.05;
  config.discriminator_optimizer.schedule = Schedule::kLinear;
  torch::manual_seed(1);
  Gan model(config, kLine);
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : part<GeneratorImpl>(model, "generator")->parameters())
      parameter.fill_(1);  // x = z + 1
  }
  for (int64_t step = 0; step < 400; ++step) {
    model.set_clock({step, 400, 0});
    model.training_step(batch_of(torch::randn({512, 1})));
  }
  model.eval();
  const torch::NoGradGuard no_grad;
  const auto x = torch::linspace(-2, 3, 11).unsqueeze(1);
  EXPECT_TRUE(torch::allclose(model.scores(batch_of(x)), 0.5 - x.squeeze(1), 0, 0.12))
      << model.scores(batch_of(x));
  double jensen_shannon = 0;
  for (double at = -9; at < 10; at += 1e-3) {
    const auto p = std::exp(-at * at / 2) / std::sqrt(2 * M_PI);
    const auto q = std::exp(-(at - 1) * (at - 1) / 2) / std::sqrt(2 * M_PI);
    const auto half = (p + q) / 2;
    jensen_shannon += 0.5e-3 * (p * std::log(p / half) + q * std::log(q / half));
  }
  const auto judged = model.validation_step(batch_of(torch::randn({100000, 1})));
  EXPECT_NEAR(judged[0].second.item<double>(), std::log(4) - 2 * jensen_shannon, 0.01);
}

// With batch normalization a discriminator learns to judge whole batches, the true and the made for
// themselves, and never by the running averages, which mix both.
TEST(Gan, JudgesABatchAsItLearnedTo) {
  GanConfig config;
  config.latent_dim = 3;
  config.generator.hidden = {7};
  config.discriminator.hidden = {6, 5};
  config.discriminator.normalization = DiscriminatorNorm::kBatch;
  torch::manual_seed(1);
  Gan model(config, kPicture);
  const auto x = torch::rand({9, 1, 8, 8});
  for (int i = 0; i < 5; ++i) model.training_step(batch_of(x));
  model.eval();
  const torch::NoGradGuard no_grad;
  auto critic = part<CriticImpl>(model, "discriminator");
  const auto before = copies(model.buffers());
  EXPECT_FALSE(before.empty());
  torch::manual_seed(6);
  const auto judged = model.validation_step(batch_of(x));
  const auto scores = model.scores(batch_of(x));
  EXPECT_TRUE(equal(before, model.buffers()));
  EXPECT_FALSE(critic->is_training());
  EXPECT_FALSE(torch::allclose(scores, critic->forward(2 * x - 1, {}).score, 1e-2, 1e-2));

  torch::manual_seed(6);
  const auto made =
      torch::tanh(part<GeneratorImpl>(model, "generator")->forward(torch::randn({9, 3})));
  critic->train();
  const auto of_truth = critic->forward(2 * x - 1, {}).score,
             of_made = critic->forward(made, {}).score;
  EXPECT_TRUE(torch::allclose(scores, of_truth, 1e-4, 1e-5));
  EXPECT_NEAR(judged[0].second.item<double>(),
              discriminators(config.adversarial_loss, of_truth, of_made).item<double>(), 1e-4);
  EXPECT_NEAR(judged[1].second.item<double>(),
              generators(config.adversarial_loss, of_made).item<double>(), 1e-4);
}

// Three clouds in the plane, one for each class.
Batch clouds(int64_t n) {
  Batch batch;
  batch.label = torch::randint(3, {n}, torch::kLong);
  const auto centres = torch::tensor({{2.0F, 0.0F}, {-1.0F, 1.5F}, {-1.0F, -1.5F}});
  batch.x = centres.index_select(0, batch.label) + 0.3 * torch::randn({n, 2});
  return batch;
}

TEST(Gan, MakesTheClassThatItIsAskedFor) {
  for (const auto condition :
       {GanCondition::kConcatenation, GanCondition::kProjection, GanCondition::kAuxiliary}) {
    SCOPED_TRACE(name_of_enum(condition));
    GanConfig config;
    config.latent_dim = 4;
    config.condition = condition;
    config.generator.hidden = {48};
    config.discriminator.hidden = {48};
    config.r1 = 0.1;
    for (auto* optimizer : {&config.optimizer, &config.discriminator_optimizer}) {
      optimizer->learning_rate = 2e-3;
      optimizer->schedule = Schedule::kLinear;
    }
    torch::manual_seed(1);
    Gan model(config, kPlane);
    for (int64_t step = 0; step < 1000; ++step) {
      model.set_clock({step, 1000, 0});
      model.training_step(clouds(128));
    }
    model.eval();
    const torch::NoGradGuard no_grad;
    const auto centres = torch::tensor({{2.0F, 0.0F}, {-1.0F, 1.5F}, {-1.0F, -1.5F}});
    for (int64_t label = 0; label < 3; ++label) {
      Noise noise(1, 0, 500);
      const SampleRequest request{500, &noise, torch::full({500}, label, torch::kLong), 1, {}};
      const auto x = model.sample(request);
      EXPECT_LT((x.mean(0) - centres[label]).norm().item<double>(), 0.4) << label;
      EXPECT_GT(x.std(0).min().item<double>(), 0.1) << label;
    }
  }
}

TEST(Gan, EveryLossLearnsACloud) {
  for (const auto& entry : enum_names(AdversarialLoss{})) {
    SCOPED_TRACE(entry.name);
    GanConfig config;
    config.latent_dim = 4;
    config.adversarial_loss = entry.value;
    config.generator.hidden = {48};
    config.discriminator.hidden = {48};
    // Without a penalty the two go round one another for long (Mescheder et al. 2018).
    if (entry.value == AdversarialLoss::kWasserstein)
      config.gradient_penalty = 1;
    else
      config.r1 = 0.5;
    for (auto* optimizer : {&config.optimizer, &config.discriminator_optimizer}) {
      optimizer->learning_rate = 2e-3;
      optimizer->schedule = Schedule::kLinear;
    }
    config.optimizer.learning_rate = 1e-3;
    torch::manual_seed(1);
    Gan model(config, kLine);
    // Of samples to the truth, by Wasserstein's 1-distance, which sorting gives in one dimension.
    const auto distance = [&] {
      const torch::NoGradGuard no_grad;
      Noise noise(1, 0, 2000);
      const auto x = model.sample({2000, &noise, {}, 1, {}}).flatten();
      const auto truth = 2 + 0.5 * Noise(2, 0, 2000).normal({1}).flatten();
      return (std::get<0>(x.sort()) - std::get<0>(truth.sort())).abs().mean().item<double>();
    };
    const double before = distance();
    for (int64_t step = 0; step < 1200; ++step) {
      model.set_clock({step, 1200, 0});
      model.training_step(batch_of(2 + 0.5 * torch::randn({128, 1})));
    }
    EXPECT_LT(distance(), 0.5 * before);
  }
}

// Weights, buffers (with the vectors of spectral normalization), moments and averages are all that
// a step depends on, beside the clock and the seed.
TEST(Gan, GoesOnFromItsStateToTheBit) {
  auto config = GanConfig();
  config.latent_dim = 3;
  config.adversarial_loss = AdversarialLoss::kHinge;
  config.condition = GanCondition::kProjection;
  config.discriminator_steps = 2;
  config.optimizer.average = 0.9;
  config.generator.network = config.discriminator.network = Network::kConv;
  config.generator.channels = config.discriminator.channels = {4, 6};
  config.generator.hidden = config.discriminator.hidden = {};
  config.generator.normalization = Normalization::kBatch;
  config.discriminator.normalization = DiscriminatorNorm::kSpectral;
  const ExampleSpec spec{Modality::kImage, {1, 8, 8}, {"a", "b"}};
  const auto step = [](Gan& model, int64_t at) {
    torch::manual_seed(static_cast<std::uint64_t>(100 + at));
    model.set_clock({at, 8, 0});
    model.training_step(batch_of(torch::rand({4, 1, 8, 8}), torch::randint(2, {4}, torch::kLong)));
  };
  torch::manual_seed(1);
  Gan whole(config, spec);
  for (int64_t at = 0; at < 3; ++at) step(whole, at);
  torch::manual_seed(2);
  Gan again(config, spec);
  {
    const torch::NoGradGuard no_grad;
    const auto put = [](const torch::OrderedDict<std::string, torch::Tensor>& from,
                        torch::OrderedDict<std::string, torch::Tensor> to) {
      ASSERT_EQ(from.keys(), to.keys());
      for (const auto& item : from) to[item.key()].copy_(item.value());
    };
    put(whole.named_parameters(), again.named_parameters());
    put(whole.named_buffers(), again.named_buffers());
    EXPECT_TRUE(whole.named_buffers().contains("discriminator.network.convolution1_spectral.left"));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const auto copy = [](NamedTensors all) {
      for (auto& [name, tensor] : all) tensor = tensor.clone();
      return all;
    };
    again.optimizers()[i]->load_state(copy(whole.optimizers()[i]->state()), "a");
    again.optimizers()[i]->load_average(copy(whole.optimizers()[i]->average()), "a");
  }
  for (int64_t at = 3; at < 8; ++at) {
    step(whole, at);
    step(again, at);
  }
  EXPECT_TRUE(equal(whole.parameters(), again.parameters()));
  EXPECT_TRUE(equal(whole.buffers(), again.buffers()));
  for (std::size_t i = 0; i < 2; ++i) {
    const auto one = whole.optimizers()[i]->average(), two = again.optimizers()[i]->average();
    for (std::size_t k = 0; k < one.size(); ++k)
      EXPECT_TRUE(torch::equal(one[k].second, two[k].second));
  }
}

TEST(Gan, DrawsUniformCodesWhereAsked) {
  auto config = plain_descent();
  config.latent = GanLatent::kUniform;
  Gan model(config, kPicture);
  Noise noise(1, 0, 2000);
  const auto z = model.draw_prior(noise).z;
  EXPECT_EQ(z.sizes(), at::IntArrayRef({2000, 3}));
  EXPECT_GE(z.min().item<double>(), -1);
  EXPECT_LT(z.max().item<double>(), 1);
  EXPECT_NEAR(z.var().item<double>(), 1.0 / 3, 0.02);
}

TEST(Gan, BeginsWithTheDeviationAskedFor) {
  auto config = plain_descent();
  config.generator.hidden = {200};
  config.initial_deviation = 0.02;
  const Gan model(config, kPicture);
  const auto weight = part<GeneratorImpl>(model, "generator")->named_parameters()["output.weight"];
  EXPECT_NEAR(weight.std().item<double>(), 0.02, 0.001);
}

std::string problem_of(const GanConfig& config, const ExampleSpec& example) {
  Problems problems;
  const Problems::Scope scope{problems, "model", nullptr};
  config.check(scope);
  if (problems.empty()) config.check_example(example, scope);
  return problems.empty() ? "" : problems.lines().front();
}

TEST(Gan, RefusesWhatCannotLearn) {
  const auto expect = [](const std::string& words, auto&& change,
                         const ExampleSpec& example = kPicture) {
    GanConfig config;
    change(config);
    const auto problem = problem_of(config, example);
    EXPECT_NE(problem.find(words), std::string::npos) << problem;
  };
  EXPECT_EQ(problem_of(GanConfig(), kPicture), "");
  expect("model.adversarial_loss: expected a gradient_penalty",
         [](GanConfig& c) { c.adversarial_loss = AdversarialLoss::kWasserstein; });
  expect("model.label_smoothing: expected 0 with hinge", [](GanConfig& c) {
    c.adversarial_loss = AdversarialLoss::kHinge;
    c.label_smoothing = 0.1;
  });
  expect("model.r1: expected 0 with discriminator.normalization", [](GanConfig& c) {
    c.r1 = 1;
    c.discriminator.normalization = DiscriminatorNorm::kBatch;
  });
  expect("model.gradient_penalty: expected 0 with", [](GanConfig& c) {
    c.gradient_penalty = 1;
    c.discriminator.normalization = DiscriminatorNorm::kBatch;
  });
  expect("model.discriminator.hidden: expected a hidden layer", [](GanConfig& c) {
    c.condition = GanCondition::kProjection;
    c.discriminator.hidden = {};
  });
  expect("model.discriminator.hidden: expected a hidden layer with codes", [](GanConfig& c) {
    c.codes.continuous = 2;
    c.discriminator.hidden = {};
  });
  expect("model.condition: expected none for",
         [](GanConfig& c) { c.condition = GanCondition::kAuxiliary; });
  expect("model.discriminator_optimizer.average: expected 0",
         [](GanConfig& c) { c.discriminator_optimizer.average = 0.9; });
  expect(
      "model.generator.network: expected examples [channels",
      [](GanConfig& c) { c.generator.network = Network::kConv; }, kLine);
}

TEST(Gan, DecodesNoCodeWithoutTheClassItNeeds) {
  GanConfig config;
  config.condition = GanCondition::kConcatenation;
  Gan model(config, kPlane);
  try {
    model.decode(torch::zeros({2, 64}), {});
    FAIL() << "a missing class went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kData);
    EXPECT_NE(std::string(error.what()).find("expected a class for each code"), std::string::npos);
  }
}

}  // namespace
}  // namespace figment::models
