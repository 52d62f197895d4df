#include "figment/models/began/began.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace figment::models {
namespace {

const ExampleSpec kPicture{Modality::kImage, {1, 8, 8}, {}};
const ExampleSpec kPlane{Modality::kVector, {2}, {}};

Batch batch_of(const torch::Tensor& x) {
  Batch batch;
  batch.x = x;
  return batch;
}

BeganConfig plain_descent() {
  BeganConfig config;
  config.latent_dim = 3;
  config.encoder.hidden = {7};
  config.generator.hidden = {6};
  for (auto* optimizer : {&config.optimizer, &config.discriminator_optimizer}) {
    optimizer->algorithm = Algorithm::kSgd;
    optimizer->momentum = 0;
    optimizer->learning_rate = 0.1;
  }
  return config;
}

template <class M>
std::shared_ptr<M> part(const torch::nn::Module& model, const std::string& name) {
  return std::dynamic_pointer_cast<M>(model.named_children()[name]);
}

struct Parts {
  explicit Parts(const Began& model)
      : generator(part<GeneratorImpl>(model, "generator")),
        decoder(part<GeneratorImpl>(model, "decoder")),
        encoder(part<EncoderImpl>(model, "encoder")) {}
  torch::Tensor error(const torch::Tensor& x) const {
    return (x - torch::tanh(decoder->forward(encoder->forward(x)))).abs().mean();
  }
  std::vector<torch::Tensor> discriminator() const {
    auto both = encoder->parameters();
    for (const auto& parameter : decoder->parameters()) both.push_back(parameter);
    return both;
  }
  std::shared_ptr<GeneratorImpl> generator, decoder;
  std::shared_ptr<EncoderImpl> encoder;
};

// Written out from the paper: L_D = L(x) - k L(G(z)), then L_G = L(G(z)) at the new discriminator,
// then k + lambda (gamma L(x) - L_G), cut to [0, 1].
TEST(Began, FollowsThePapersObjective) {
  for (const double k : {0.0, 0.4}) {
    auto config = plain_descent();
    config.gamma = 0.7;
    config.balance_rate = 0.05;
    const auto make = [&] {
      torch::manual_seed(1);
      auto model = std::make_shared<Began>(config, kPicture);
      model->to(torch::kDouble);
      const torch::NoGradGuard no_grad;
      model->named_buffers()["balance"].fill_(k);
      return model;
    };
    const auto x = torch::rand({5, 1, 8, 8}, torch::kDouble);
    const auto model = make(), before = make();
    torch::manual_seed(6);
    std::map<std::string, double> values;
    for (const auto& [name, value] : model->training_step(batch_of(x)))
      values[name] = value.item<double>();

    torch::manual_seed(6);
    const auto z = 2 * torch::rand({5, 3}, torch::kDouble) - 1;
    const Parts old(*before), moved(*model);
    const auto made = torch::tanh(old.generator->forward(z));
    const auto of_truth = old.error(2 * x - 1);
    const auto expect_moved = [](const torch::Tensor& loss, const std::vector<torch::Tensor>& from,
                                 const std::vector<torch::Tensor>& to) {
      const auto gradients = torch::autograd::grad({loss}, from, {}, true);
      for (std::size_t i = 0; i < from.size(); ++i)
        EXPECT_TRUE(torch::allclose(to[i], from[i] - 0.1 * gradients[i], 1e-11, 1e-12)) << i;
    };
    expect_moved(of_truth - k * old.error(made.detach()), old.discriminator(),
                 moved.discriminator());
    const auto fooling = moved.error(made);
    expect_moved(fooling, old.generator->parameters(), moved.generator->parameters());
    const double gap = 0.7 * of_truth.item<double>() - fooling.item<double>();
    EXPECT_NEAR(model->balance(), std::max(0.0, k + 0.05 * gap), 1e-9);
    EXPECT_NEAR(values.at("convergence"), of_truth.item<double>() + std::abs(gap), 1e-9);
    for (const auto& parameter : model->parameters()) EXPECT_TRUE(parameter.requires_grad());
  }
}

TEST(Began, KeepsItsBalanceWithinBounds) {
  auto config = plain_descent();
  config.balance_rate = 1000;
  Began model(config, kPicture);
  for (int i = 0; i < 5; ++i) {
    model.training_step(batch_of(torch::rand({4, 1, 8, 8})));
    EXPECT_TRUE(model.balance() == 0 || model.balance() == 1) << model.balance();
  }
}

// Noise about a picture, dark on the left and bright on the right: the noise cannot be
// reconstructed, so that there is an error to hold the equilibrium by. It starts far off, made
// examples being as badly reconstructed as any.
TEST(Began, ComesNearTheEquilibrium) {
  BeganConfig config;
  config.latent_dim = 2;
  config.encoder.hidden = {32};
  config.generator.hidden = {32};
  config.balance_rate = 0.01;
  for (auto* optimizer : {&config.optimizer, &config.discriminator_optimizer})
    optimizer->learning_rate = 2e-3;
  torch::manual_seed(1);
  Began model(config, kPicture);
  auto common = torch::full({1, 8, 8}, 0.3);
  common.slice(2, 4, 8).fill_(0.7);
  double first = 0, last = 0;
  for (int64_t step = 0; step < 500; ++step) {
    const auto x = common + 0.4 * (torch::rand({32, 1, 8, 8}) - 0.5);
    const auto convergence = model.training_step(batch_of(x))[0].second.item<double>();
    if (step < 20) first += convergence / 20;
    if (step >= 450) last += convergence / 50;
  }
  EXPECT_LT(last, 0.7 * first);
  const torch::NoGradGuard no_grad;
  Noise noise(1, 0, 500);
  const auto x = model.sample({500, &noise, {}, 1, {}}).mean(0);  // [1, 8, 8]
  EXPECT_GT((x.slice(2, 4, 8).mean() - x.slice(2, 0, 4).mean()).item<double>(), 0.1);
}

TEST(Began, RefusesAnAverageOfTheDiscriminator) {
  BeganConfig config;
  config.discriminator_optimizer.average = 0.9;
  Problems problems;
  config.check(Problems::Scope{problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 1u);
  EXPECT_NE(problems.lines()[0].find("model.discriminator_optimizer.average: expected 0"),
            std::string::npos);
}

TEST(Began, RefusesNetworksThatDoNotSuitTheExamples) {
  BeganConfig config;
  config.encoder.network = config.generator.network = Network::kConv;
  Problems problems;
  config.check_example(kPlane, Problems::Scope{problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 2u);
  EXPECT_NE(problems.lines()[0].find("model.encoder.network: expected examples"),
            std::string::npos);
  EXPECT_NE(problems.lines()[1].find("model.generator.network: expected examples"),
            std::string::npos);
}

}  // namespace
}  // namespace figment::models
