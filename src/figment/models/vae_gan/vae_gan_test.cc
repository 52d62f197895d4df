#include "figment/models/vae_gan/vae_gan.h"

#include <gtest/gtest.h>

#include <functional>

#include "figment/data/digits.h"

namespace figment::models {
namespace {

const ExampleSpec kPicture{Modality::kImage, {1, 4, 4}, {}};

Batch batch_of(const torch::Tensor& x) {
  Batch batch;
  batch.x = x;
  return batch;
}

VaeGanConfig small() {
  VaeGanConfig config;
  config.latent_dim = 3;
  config.layer = 2;
  config.coder.hidden = {7};
  config.discriminator.hidden = {6, 5};
  return config;
}

VaeGanConfig plain_descent() {
  auto config = small();
  for (auto* optimizer : {&config.optimizer, &config.discriminator_optimizer}) {
    optimizer->algorithm = Algorithm::kSgd;
    optimizer->momentum = 0;
    optimizer->learning_rate = 0.1;
  }
  config.margin = 0;
  return config;
}

template <class M>
std::shared_ptr<M> part(const torch::nn::Module& model, const std::string& name) {
  return std::dynamic_pointer_cast<M>(model.named_children()[name]);
}

// What each network moves by against the gradient of its own loss alone, written out from the
// paper: the encoder has no adversarial term, gamma weighs the decoder's two, and the discriminator
// has no part of the reconstruction. All are taken before any network has moved; in float32 too,
// where weights change in place behind autograd's back.
TEST(VaeGan, EachNetworkFollowsItsOwnGradient) {
  for (const auto type : {torch::kDouble, torch::kFloat})
    for (const auto kind : {AdversarialLoss::kNonSaturating, AdversarialLoss::kMinimax}) {
      auto config = plain_descent();
      config.gamma = 0.3;
      config.beta = 0.7;
      config.adversarial_loss = kind;
      torch::manual_seed(1);
      VaeGan model(config, kPicture);
      model.to(type);
      const auto x = torch::rand({9, 1, 4, 4}, type);

      auto encoder = part<EncoderImpl>(model, "encoder");
      auto decoder = part<DecoderImpl>(model, "decoder");
      auto discriminator = part<DiscriminatorImpl>(model, "discriminator");
      torch::manual_seed(6);
      const auto epsilon = torch::randn({9, 3}, type), prior = torch::randn({9, 3}, type);
      const auto q = encoder->forward(x);
      const auto mean = q.narrow(1, 0, 3), log_variance = q.narrow(1, 3, 3);
      const auto decode = [&](const torch::Tensor& z) {
        return torch::sigmoid(decoder->forward(z));
      };
      const auto reconstructed = decode(mean + (log_variance / 2).exp() * epsilon);
      const auto sampled = decode(prior);
      const auto kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean();
      const auto features = 0.5 * (discriminator->judge(x, 2).features -
                                   discriminator->judge(reconstructed, 2).features)
                                      .square()
                                      .sum(1)
                                      .mean();
      const auto log_true = [&](const torch::Tensor& of) {
        return torch::log_sigmoid(discriminator->forward(of)).mean();
      };
      const auto log_made = [&](const torch::Tensor& of) {
        return torch::log_sigmoid(-discriminator->forward(of)).mean();
      };
      const auto gan = log_true(x) + 0.5 * (log_made(reconstructed) + log_made(sampled));
      const auto fooling = kind == AdversarialLoss::kMinimax
                               ? 0.5 * (log_made(reconstructed) + log_made(sampled))
                               : -0.5 * (log_true(reconstructed) + log_true(sampled));
      const std::vector<std::pair<torch::Tensor, std::vector<torch::Tensor>>> wanted = {
          {0.7 * kl + features, encoder->parameters()},
          {0.3 * features + fooling, decoder->parameters()},
          {-gan, discriminator->parameters()}};
      std::vector<torch::Tensor> before, gradients, parameters;
      for (const auto& [loss, own] : wanted) {
        for (const auto& gradient : torch::autograd::grad({loss}, own, {}, true))
          gradients.push_back(gradient);
        for (const auto& parameter : own) {
          parameters.push_back(parameter);
          before.push_back(parameter.detach().clone());
        }
      }
      torch::manual_seed(6);
      model.training_step(batch_of(x));
      const double tolerance = type == torch::kDouble ? 1e-11 : 2e-6;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        EXPECT_GT(gradients[i].abs().max().item<double>(), 0) << i;
        EXPECT_TRUE(
            torch::allclose(parameters[i], before[i] - 0.1 * gradients[i], tolerance, tolerance))
            << i;
      }
    }
}

// Adversarial terms do not reach the encoder: whatever its weight against them, it moves alike.
TEST(VaeGan, GammaIsTheDecodersAlone) {
  std::vector<std::vector<torch::Tensor>> encoders, decoders;
  for (const double gamma : {0.0, 100.0}) {
    auto config = plain_descent();
    config.gamma = gamma;
    torch::manual_seed(1);
    VaeGan model(config, kPicture);
    const auto x = torch::rand({9, 1, 4, 4});
    torch::manual_seed(6);
    model.training_step(batch_of(x));
    encoders.push_back(part<EncoderImpl>(model, "encoder")->parameters());
    decoders.push_back(part<DecoderImpl>(model, "decoder")->parameters());
  }
  for (std::size_t i = 0; i < encoders[0].size(); ++i)
    EXPECT_TRUE(torch::equal(encoders[0][i], encoders[1][i])) << i;
  EXPECT_FALSE(torch::allclose(decoders[0][0], decoders[1][0]));
}

TEST(VaeGan, WaitsForTheOneThatIsBehind) {
  auto config = small();
  config.equilibrium = 0.7;
  config.margin = 0.3;
  const VaeGan model(config, kPicture);
  const auto expect = [&](double true_loss, double made_loss, bool discriminator, bool decoder) {
    const auto turn = model.turn(true_loss, made_loss);
    EXPECT_EQ(turn.discriminator, discriminator) << true_loss << " " << made_loss;
    EXPECT_EQ(turn.decoder, decoder) << true_loss << " " << made_loss;
  };
  expect(0.7, 0.7, true, true);
  expect(0.3, 0.4, false, true);  // the discriminator knows both too well
  expect(1.1, 1, true, false);    // it knows neither any more
  expect(0.2, 1.2, true, true);   // it takes all for true, or all for made: it is not ahead
  expect(1.2, 0.2, true, true);
  config.margin = 0;
  EXPECT_TRUE(VaeGan(config, kPicture).turn(0.1, 0.1).discriminator);
}

TEST(VaeGan, WhoWaitsDoesNotMove) {
  for (const double equilibrium : {20.0, -20.0}) {
    auto config = small();
    config.equilibrium = equilibrium;
    config.margin = 1;
    torch::manual_seed(1);
    VaeGan model(config, kPicture);
    const auto copy = [&](const std::string& name) {
      std::vector<torch::Tensor> all;
      for (const auto& parameter : model.named_children()[name]->parameters())
        all.push_back(parameter.detach().clone());
      return all;
    };
    const auto moved = [&](const std::string& name, const std::vector<torch::Tensor>& before) {
      const auto now = copy(name);
      for (std::size_t i = 0; i < now.size(); ++i)
        if (!torch::equal(now[i], before[i])) return true;
      return false;
    };
    const auto encoder = copy("encoder"), decoder = copy("decoder");
    const auto discriminator = copy("discriminator");
    model.training_step(batch_of(torch::rand({8, 1, 4, 4})));
    EXPECT_TRUE(moved("encoder", encoder));
    EXPECT_EQ(moved("decoder", decoder), equilibrium > 0);
    EXPECT_EQ(moved("discriminator", discriminator), equilibrium < 0);
  }
}

TEST(VaeGan, LearnsToReconstructBetterThanTheMean) {
  DigitsOptions options;
  options.image_size = 12;
  options.n_train = 1000;
  options.n_test = 200;
  const auto source = digits(options);
  const auto train = source.train.x.to(torch::kFloat) / 255;
  const auto test = source.test->x.to(torch::kFloat) / 255;
  auto config = small();
  config.latent_dim = 10;
  config.layer = 1;
  config.coder.hidden = {100};
  config.discriminator.hidden = {100};
  config.optimizer.learning_rate = 2e-3;
  config.discriminator_optimizer.learning_rate = 5e-4;
  torch::manual_seed(1);
  VaeGan model(config, {Modality::kImage, {1, 12, 12}, {}});
  for (int i = 0; i < 600; ++i)
    model.training_step(batch_of(train.index_select(0, torch::randint(1000, {50}, torch::kLong))));
  model.eval();
  const torch::NoGradGuard no_grad;
  const auto error = [&](const torch::Tensor& answer) {
    return (answer - test).square().sum({1, 2, 3}).mean().item<double>();
  };
  EXPECT_LT(error(model.reconstruct(batch_of(test))), 0.7 * error(train.mean(0, true)));
  Noise noise(1, 0, 20);
  const auto samples = model.sample({20, &noise});
  EXPECT_EQ(samples.sizes().vec(), (std::vector<int64_t>{20, 1, 12, 12}));
  EXPECT_GT(samples.var(0).sum().item<double>(), 0.2 * test.var(0).sum().item<double>());
}

TEST(VaeGan, TakesConvolutionsAndNormalizations) {
  for (const auto norm :
       {DiscriminatorNorm::kBatch, DiscriminatorNorm::kLayer, DiscriminatorNorm::kSpectral}) {
    auto config = small();
    config.coder.network = Network::kConv;
    config.coder.channels = {4, 6};
    config.coder.normalization = Normalization::kBatch;
    config.discriminator.network = Network::kConv;
    config.discriminator.channels = {4, 6};
    config.discriminator.hidden = {};
    config.discriminator.normalization = norm;
    if (norm == DiscriminatorNorm::kSpectral) {
      config.adversarial_loss = AdversarialLoss::kWasserstein;
      config.margin = 0;
    }
    Problems problems;
    config.check({problems, "model", nullptr});
    config.check_example({Modality::kImage, {3, 8, 9}, {}}, {problems, "model", nullptr});
    EXPECT_TRUE(problems.empty());
    torch::manual_seed(1);
    VaeGan model(config, {Modality::kImage, {3, 8, 9}, {}});
    for (int i = 0; i < 3; ++i)
      for (const auto& [name, value] : model.training_step(batch_of(torch::rand({6, 3, 8, 9}))))
        EXPECT_TRUE(std::isfinite(value.item<double>())) << name;
  }
}

TEST(VaeGan, RefusesWhatCannotBe) {
  const auto problem_of = [](const std::function<void(VaeGanConfig&)>& change) {
    Problems problems;
    auto config = small();
    change(config);
    config.check({problems, "model", nullptr});
    config.check_example({Modality::kVector, {4}, {}}, {problems, "model", nullptr});
    return problems.lines().empty() ? std::string("no problem") : problems.lines()[0];
  };
  const auto expect = [](const std::string& told, const std::string& words) {
    EXPECT_NE(told.find(words), std::string::npos) << told;
  };
  expect(problem_of([](auto& c) { c.layer = 3; }),
         "model.layer: expected at most 2, the hidden layers of the discriminator, got 3");
  expect(problem_of([](auto& c) { c.adversarial_loss = AdversarialLoss::kWasserstein; }),
         "model.adversarial_loss: expected discriminator.normalization = \"spectral\"");
  for (const auto loss :
       {AdversarialLoss::kLeastSquares, AdversarialLoss::kHinge, AdversarialLoss::kWasserstein}) {
    const auto change = [&](auto& c, double margin) {
      c.adversarial_loss = loss;
      c.discriminator.normalization = DiscriminatorNorm::kSpectral;
      c.margin = margin;
    };
    expect(problem_of([&](auto& c) { change(c, 0.1); }),
           std::string("model.margin: expected 0 with adversarial_loss = \"") + name_of_enum(loss));
    EXPECT_EQ(problem_of([&](auto& c) { change(c, 0); }), "no problem");
  }
  EXPECT_EQ(problem_of([](auto& c) { c.adversarial_loss = AdversarialLoss::kMinimax; }),
            "no problem");
  expect(problem_of([](auto& c) { c.discriminator.network = Network::kConv; }),
         "model.discriminator.network: expected examples [channels, height, width]");
  expect(problem_of([](auto& c) { c.coder.network = Network::kConv; }),
         "model.coder.network: expected examples [channels, height, width]");
}

}  // namespace
}  // namespace figment::models
