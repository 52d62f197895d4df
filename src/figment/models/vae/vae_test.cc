#include "figment/models/vae/vae.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/nn/distributions.h"
#include "golden/golden.h"

namespace figment::models {
namespace {

using nlohmann::json;

torch::Tensor tensor(const json& list, at::IntArrayRef shape) {
  return torch::tensor(flat<double>(list), torch::kDouble).view(shape);
}

VaeConfig small_config() {
  VaeConfig c;
  c.latent_dim = 2;
  c.coder.hidden = {5};
  c.coder.activation = Activation::kTanh;
  return c;
}

const ExampleSpec kFourPixels{Modality::kImage, {1, 2, 2}, {}};

// The VAE of tests/golden/vae.json, in double precision.
std::shared_ptr<Vae> golden_vae(const json& file) {
  auto vae = std::make_shared<Vae>(small_config(), kFourPixels);
  vae->to(torch::kDouble);
  const auto& w = file["weights"];
  const std::vector<torch::Tensor> values = {
      tensor(w["encoder_weight"], {5, 4}),
      tensor(w["encoder_bias"], {5}),
      torch::cat({tensor(w["mean_weight"], {2, 5}), tensor(w["log_variance_weight"], {2, 5})}),
      torch::cat({tensor(w["mean_bias"], {2}), tensor(w["log_variance_bias"], {2})}),
      tensor(w["decoder_weight"], {5, 2}),
      tensor(w["decoder_bias"], {5}),
      tensor(w["logits_weight"], {4, 5}),
      tensor(w["logits_bias"], {4})};
  torch::NoGradGuard no_grad;
  auto parameters = vae->parameters();
  EXPECT_EQ(parameters.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].copy_(values[i]);
  return vae;
}

TEST(Vae, HasPyTorchsBoundAndGradients) {
  const auto file = golden("vae");
  auto vae = golden_vae(file);
  const auto x = tensor(file["x"], {3, 1, 2, 2});
  const auto epsilon = tensor(file["epsilon"], {6, 3, 2}).narrow(0, 0, 1);
  const auto terms = vae->terms(x, epsilon);
  EXPECT_TRUE(torch::allclose(terms.reconstruction, tensor(file["log_likelihood"], {3}), 0, 1e-12));
  EXPECT_TRUE(torch::allclose(terms.kl, tensor(file["kl"], {3}), 0, 1e-12));
  const auto loss = (terms.kl - terms.reconstruction).mean();
  EXPECT_NEAR(loss.item<double>(), file["loss"].get<double>(), 1e-12);
  const auto gradients = torch::autograd::grad({loss}, vae->parameters());
  const auto& g = file["gradients"];
  EXPECT_TRUE(torch::allclose(gradients[0], tensor(g["encoder_weight"], {5, 4}), 0, 1e-12));
  EXPECT_TRUE(torch::allclose(gradients[6], tensor(g["logits_weight"], {4, 5}), 0, 1e-12));
}

// p(x) by quadrature over two latent dimensions: it sums to one over all images, and the bound
// stays below it.
TEST(Vae, IsALowerBoundOfADensityThatSumsToOne) {
  torch::NoGradGuard no_grad;
  auto vae = golden_vae(golden("vae"));
  vae->eval();
  constexpr int64_t kSide = 161;
  const auto line = torch::linspace(-8, 8, kSide, torch::kDouble);
  const auto z = torch::stack({line.repeat({kSide}), line.repeat_interleave(kSide)}, 1);
  const double cell = 16.0 / (kSide - 1) * 16.0 / (kSide - 1);
  const auto prior = standard_normal_log_prob(z);
  const auto p = vae->decode(z, {}).flatten(1);  // [m, 4], probabilities
  double total = 0;
  for (int image = 0; image < 16; ++image) {
    auto x = torch::empty({1, 4}, torch::kDouble);
    for (int i = 0; i < 4; ++i) x[0][i] = (image >> i) & 1;
    const auto likelihood = (x * p.log() + (1 - x) * (1 - p).log()).sum(1);
    const auto density = ((likelihood + prior).exp().sum() * cell).item<double>();
    total += density;
    torch::manual_seed(3);
    const auto epsilon = torch::randn({20000, 1, 2}, torch::kDouble);
    const auto terms = vae->terms(x.view({1, 1, 2, 2}), epsilon);
    const auto bound = (terms.reconstruction - terms.kl).item<double>();
    EXPECT_LT(bound, std::log(density) + 0.01) << image;
    EXPECT_GT(bound, std::log(density) - 5) << image;
  }
  EXPECT_NEAR(total, 1, 1e-6);
}

TEST(Vae, HasTheLikelihoodOfItsVariance) {
  torch::NoGradGuard no_grad;
  const ExampleSpec pair{Modality::kVector, {2}, {}};
  const auto x = torch::randn({3, 2});
  const auto epsilon = torch::zeros({1, 3, 2});
  for (const auto variance : {Variance::kFixed, Variance::kShared, Variance::kPredicted}) {
    auto config = small_config();
    config.likelihood = Likelihood::kGaussian;
    config.variance = variance;
    config.log_variance = -1;
    Vae vae(config, pair);
    int learned = 0;
    for (const auto& item : vae.named_parameters()) learned += item.key() == "log_variance";
    EXPECT_EQ(learned, variance == Variance::kShared ? 1 : 0);
    Batch batch;
    batch.x = x;
    const auto terms = vae.terms(x, epsilon);
    EXPECT_EQ(terms.reconstruction.sizes(), (std::vector<int64_t>{3}));
    if (variance == Variance::kPredicted) continue;
    const auto mean = vae.reconstruct(batch);
    const auto wanted =
        -0.5 * ((x - mean).square() / std::exp(-1.0) - 1 + std::log(2 * M_PI)).sum(1);
    EXPECT_TRUE(torch::allclose(terms.reconstruction, wanted, 1e-4, 1e-5));
  }
}

TEST(Vae, DrawsCodesOfItsPosterior) {
  torch::NoGradGuard no_grad;
  const auto file = golden("vae");
  auto vae = golden_vae(file);
  Batch batch;
  batch.x = tensor(file["x"], {3, 1, 2, 2});
  Noise noise(5, 0, 3), same(5, 0, 3);
  const auto z = vae->draw_posterior(batch, noise);
  const auto wanted = tensor(file["mean"], {3, 2}) +
                      (0.5 * tensor(file["log_variance"], {3, 2})).exp() * same.normal({2});
  EXPECT_TRUE(torch::allclose(z, wanted, 0, 1e-12));
  EXPECT_FALSE(torch::equal(vae->draw_posterior(batch, noise), z));
}

TEST(Vae, DrawsCodesOfPixelsThatAreDrawn) {
  torch::NoGradGuard no_grad;
  auto config = small_config();
  torch::manual_seed(3);
  Vae as_they_are(config, kFourPixels);
  config.binarize = Binarization::kSampled;
  torch::manual_seed(3);
  Vae drawn(config, kFourPixels);
  Batch grey, bits;
  grey.x = torch::full({8, 1, 2, 2}, 0.5);
  Noise noise(5, 0, 8), same(5, 0, 8);
  bits.x = same.bernoulli(grey.x);
  EXPECT_TRUE(
      torch::equal(drawn.draw_posterior(grey, noise), as_they_are.draw_posterior(bits, same)));
}

TEST(Vae, SamplesWhatItsPriorDecodesTo) {
  torch::NoGradGuard no_grad;
  for (const int64_t second : {0, 3}) {
    auto config = small_config();
    config.second.latent_dim = second;
    Vae vae(config, kFourPixels);
    Noise noise(7, 0, 6), same(7, 0, 6), plain(7, 0, 6);
    const auto prior = vae.draw_prior(noise);
    EXPECT_FALSE(prior.label.defined());
    SampleRequest request;
    request.n = 6;
    request.noise = &same;
    EXPECT_TRUE(torch::equal(vae.decode(prior.z, {}), vae.sample(request)));
    EXPECT_EQ(torch::equal(prior.z, plain.normal({2})), second == 0);
    EXPECT_EQ(vae.prior_is_standard_normal(), second == 0);
  }
}

TEST(Vae, WarmsBetaUp) {
  auto config = small_config();
  config.beta_warmup_steps = 10;
  config.optimizer.learning_rate = 1e-6;
  Vae vae(config, kFourPixels);
  Batch batch;
  batch.x = torch::rand({8, 1, 2, 2});
  for (const auto& [step, beta] :
       std::vector<std::pair<int64_t, double>>{{0, 0.0}, {5, 0.5}, {20, 1}}) {
    vae.set_clock({step, 30, 0});
    const auto metrics = vae.training_step(batch);
    const auto loss = metrics[0].second.item<double>();
    const auto reconstruction = metrics[1].second.item<double>();
    const auto kl = metrics[2].second.item<double>();
    EXPECT_NEAR(loss, beta * kl - reconstruction, 1e-5) << step;
  }
}

TEST(Vae, RefusesWhatDoesNotFitTheData) {
  Problems problems;
  VaeConfig config;
  config.check_example({Modality::kVector, {4}, {}}, {problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 1u);
  EXPECT_NE(problems.lines()[0].find("model.likelihood: expected gaussian"), std::string::npos);
  config.likelihood = Likelihood::kGaussian;
  config.binarize = Binarization::kSampled;
  config.check({problems, "model", nullptr});
  EXPECT_NE(problems.lines()[1].find("model.binarize: expected none"), std::string::npos);
}

}  // namespace
}  // namespace figment::models
