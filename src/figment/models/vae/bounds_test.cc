// The importance-weighted bound against quadrature, against exact posteriors, and its gradients
// against each other; two stochastic layers; free bits.
#include <gtest/gtest.h>

#include <cmath>

#include "figment/eval/nll.h"
#include "figment/models/vae/vae.h"
#include "figment/nn/distributions.h"

namespace figment::models {
namespace {

using torch::Tensor;

const ExampleSpec kFourPixels{Modality::kImage, {1, 2, 2}, {}, {}};

VaeConfig small_config(int64_t second = 0) {
  VaeConfig c;
  c.latent_dim = 2;
  c.second.latent_dim = second;
  c.second.hidden = {4};
  c.coder.hidden = {5};
  c.coder.activation = Activation::kTanh;
  return c;
}

// Weights far from zero, so that codes matter and q is not the true posterior.
std::shared_ptr<Vae> strong_vae(const VaeConfig& config, const ExampleSpec& example,
                                torch::ScalarType type, double scale = 0.8) {
  torch::manual_seed(11);
  auto vae = std::make_shared<Vae>(config, example);
  vae->to(type);
  torch::NoGradGuard no_grad;
  for (auto& parameter : vae->parameters())
    parameter.copy_(scale * torch::randn(parameter.sizes(), torch::kDouble));
  return vae;
}

// All 16 images of 2 x 2 binary pixels.
Dataset all_images() {
  Dataset out;
  out.name = "all";
  out.spec = kFourPixels;
  out.x = torch::empty({16, 1, 2, 2}, torch::kByte);
  for (int image = 0; image < 16; ++image)
    for (int i = 0; i < 4; ++i) out.x[image][0][i / 2][i % 2] = 255 * ((image >> i) & 1);
  return out;
}

// log p(x) of all of them by quadrature over the two numbers of a code.
Tensor log_density_by_quadrature(Vae& vae) {
  constexpr int64_t kSide = 201;
  const auto line = torch::linspace(-8, 8, kSide, torch::kDouble);
  const auto z = torch::stack({line.repeat({kSide}), line.repeat_interleave(kSide)}, 1);
  const double cell = std::pow(16.0 / (kSide - 1), 2);
  const auto prior = standard_normal_log_prob(z);                                    // [m]
  const auto p = vae.decode(z.to(torch::kFloat), {}).flatten(1).to(torch::kDouble);  // [m, 4]
  const auto x = all_images().x.flatten(1).to(torch::kDouble) / 255;                 // [16, 4]
  const auto likelihood = x.mm(p.log().t()) + (1 - x).mm((1 - p).log().t());         // [16, m]
  return torch::logsumexp(likelihood + prior, 1) + std::log(cell);
}

TEST(ImportanceSamples, AgreeWithQuadrature) {
  torch::NoGradGuard no_grad;
  const auto vae = strong_vae(small_config(), kFourPixels, torch::kFloat);
  const auto exact = log_density_by_quadrature(*vae);
  ASSERT_NEAR(exact.exp().sum().item<double>(), 1, 1e-6);
  constexpr int64_t kSamples = 20000;
  const auto set = all_images();
  const auto scaling = Scaling::fit(set, ScalingKind::kAuto);
  const auto found = estimate_nll(*vae, scaling, set, {3, kSamples});
  const auto difference = found.log_density - exact;
  // The relative variance of a mean of weights is (K / effective - 1) / K.
  const auto error = ((kSamples / found.effective_samples - 1) / kSamples).sqrt();
  EXPECT_LT((difference / error).abs().max().item<double>(), 4.5) << difference << error;
  EXPECT_LT(error.max().item<double>(), 0.2);
  // The bound by as many samples lies below by KL(q(z | x) || p(z | x)), which is not nothing here.
  EXPECT_TRUE((found.elbo < exact - 0.05).all().item<bool>()) << found.elbo - exact;
  // A few samples give a bound between the two; whatever is asked at once gives the same.
  const auto few = estimate_nll(*vae, scaling, set, {3, 10});
  EXPECT_LT(few.log_density.mean().item<double>(), exact.mean().item<double>());
  EXPECT_GT(few.log_density.mean().item<double>(), found.elbo.mean().item<double>());
}

TEST(ImportanceSamples, DoNotDependOnTheBatch) {
  torch::NoGradGuard no_grad;
  auto config = small_config(3);
  config.binarize = Binarization::kSampled;
  const auto vae = strong_vae(config, kFourPixels, torch::kFloat);
  Batch all, some;
  torch::manual_seed(4);
  all.x = torch::rand({6, 1, 2, 2});
  some.x = all.x.slice(0, 2, 5);
  Noise of_all(9, 0, 6), of_some(9, 2, 3);
  const auto one = vae->log_weights(all, of_all, 7), two = vae->log_weights(some, of_some, 7);
  ASSERT_EQ(one.sizes(), (std::vector<int64_t>{7, 6}));
  EXPECT_TRUE(torch::allclose(one.slice(1, 2, 5), two, 1e-5, 1e-5));
}

// Wider examples than are decoded at once: the parts join to what one pass gives.
TEST(ImportanceSamples, JoinTheirParts) {
  torch::NoGradGuard no_grad;
  const ExampleSpec wide{Modality::kImage, {1, 512, 512}, {}, {}};
  auto config = small_config();
  config.coder.hidden = {};
  const auto vae = std::make_shared<Vae>(config, wide);
  Batch batch;
  batch.x = (torch::rand({1, 1, 512, 512}) < 0.5).to(torch::kFloat);
  Noise noise(1, 0, 1), again(1, 0, 1);
  const auto parts = vae->log_weights(batch, noise, 20);  // 16 fit
  const auto epsilon = again.normal({20, 2}).transpose(0, 1);
  const auto whole = vae->weigh(batch.x, {epsilon, {}}).log_weights();
  ASSERT_EQ(parts.sizes(), whole.sizes());
  EXPECT_TRUE(torch::allclose(parts, whole, 1e-6, 0.1));
}

// x = W z + b + noise with W of orthogonal columns: the posterior is normal with a diagonal
// covariance, so that the encoder can be exact. Then every weight is p(x), whatever the code.
struct Linear {
  std::shared_ptr<Vae> vae;
  Tensor x, wanted;
};
Linear linear_model(bool two_layers) {
  const ExampleSpec vectors{Modality::kVector, {5}, {}, {}};
  VaeConfig config;
  config.latent_dim = 2;
  config.likelihood = Likelihood::kGaussian;
  config.variance = Variance::kFixed;
  config.log_variance = -1;
  const double variance = std::exp(config.log_variance);
  config.coder.hidden = {};
  config.second.latent_dim = two_layers ? 2 : 0;
  config.second.hidden = {};
  Linear out;
  out.vae = std::make_shared<Vae>(config, vectors);
  out.vae->to(torch::kDouble);
  torch::manual_seed(5);
  const auto scales = torch::tensor({1.5, 0.7}, torch::kDouble);
  const auto w = std::get<0>(torch::linalg_qr(torch::randn({5, 2}, torch::kDouble))) * scales;
  const auto b = torch::randn({5}, torch::kDouble);
  const auto share = torch::tensor({0.6, -0.8}, torch::kDouble);  // z = share * u + the rest
  const auto precision = 1 + scales.square() / variance;          // of p(z | x)
  torch::NoGradGuard no_grad;
  auto named = out.vae->named_parameters();
  const auto to_z = w.t() / variance / precision.unsqueeze(1);  // [2, 5]
  named["encoder.output.weight"].copy_(torch::cat({to_z, torch::zeros({2, 5}, torch::kDouble)}));
  named["encoder.output.bias"].copy_(torch::cat({-to_z.mv(b), -precision.log()}));
  named["decoder.output.weight"].copy_(w);
  named["decoder.output.bias"].copy_(b);
  if (two_layers) {
    // p(z | u) = N(share u, 1 - share^2), so that z is standard normal, and u | z likewise.
    const auto weight = torch::cat({share.diag(), torch::zeros({2, 2}, torch::kDouble)});
    const auto bias = torch::cat({torch::zeros({2}, torch::kDouble), (1 - share.square()).log()});
    for (const auto* name : {"second_encoder.output.", "second_decoder.output."}) {
      named[std::string(name) + "weight"].copy_(weight);
      named[std::string(name) + "bias"].copy_(bias);
    }
  }
  out.x = torch::randn({4, 5}, torch::kDouble) * 2;
  const auto covariance = w.mm(w.t()) + variance * torch::eye(5, torch::kDouble);
  const auto centred = out.x - b;
  out.wanted = -0.5 * ((centred.mm(torch::linalg_inv(covariance)) * centred).sum(1) +
                       torch::logdet(covariance) + 5 * std::log(2 * M_PI));
  return out;
}

TEST(ImportanceSamples, AreAllTheDensityUnderTheExactPosterior) {
  torch::NoGradGuard no_grad;
  for (const bool two_layers : {false, true}) {
    const auto model = linear_model(two_layers);
    Batch batch;
    batch.x = model.x;
    Noise noise(2, 0, 4);
    const auto weights = model.vae->log_weights(batch, noise, 50);  // [50, 4]
    EXPECT_LT((weights - model.wanted).abs().max().item<double>(), 1e-10) << two_layers;
  }
}

// Gradients of the loss for all parameters as one row, [draws, parameters]; each is the mean over
// `copies` of every example with codes of their own.
constexpr int64_t kCopies = 40;
struct Gradients {
  Tensor encoder, decoder;
};
Gradients gradients(Vae& vae, const Tensor& one, int64_t k, int64_t draws, double beta,
                    int64_t second, std::uint64_t seed) {
  torch::manual_seed(seed);
  const auto x = one.repeat({kCopies, 1, 1, 1});
  std::vector<Tensor> parameters;
  std::vector<bool> encodes;
  for (const auto& item : vae.named_parameters()) {
    parameters.push_back(item.value());
    encodes.push_back(item.key().find("encoder") != std::string::npos);
  }
  std::vector<Tensor> encoder, decoder;
  for (int64_t i = 0; i < draws; ++i) {
    Vae::Epsilon epsilon{torch::randn({k, x.size(0), 2}, torch::kDouble), {}};
    if (second > 0) epsilon.second = torch::randn({k, x.size(0), second}, torch::kDouble);
    const auto found =
        torch::autograd::grad({vae.importance_weighted(x, epsilon, beta).loss}, parameters);
    std::vector<Tensor> rows[2];
    for (std::size_t j = 0; j < found.size(); ++j)
      rows[encodes[j] ? 0 : 1].push_back(found[j].flatten());
    encoder.push_back(torch::cat(rows[0]));
    decoder.push_back(torch::cat(rows[1]));
  }
  return {torch::stack(encoder), torch::stack(decoder)};
}

// The largest difference of the means of two sets of rows in standard errors.
double largest_deviation(const Tensor& a, const Tensor& b) {
  const auto n = static_cast<double>(a.size(0));
  const auto error = ((a.var(0) + b.var(0)) / n).sqrt();
  const auto difference = (a.mean(0) - b.mean(0)).abs();
  return torch::where(error > 1e-12, difference / error, difference * 1e12).max().item<double>();
}

struct BoundCase {
  int64_t k, second;
  double beta;
};

TEST(DoublyReparametrised, HasTheExpectationOfThePlainGradient) {
  torch::manual_seed(6);
  const auto x = (torch::rand({2, 1, 2, 2}) < 0.5).to(torch::kDouble);
  constexpr int64_t kDraws = 150;
  for (const auto& c : {BoundCase{5, 0, 1}, BoundCase{4, 3, 1}, BoundCase{3, 2, 0.4}}) {
    auto config = small_config(c.second);
    config.gradient = BoundGradient::kReparametrised;
    const auto plain = strong_vae(config, kFourPixels, torch::kDouble);
    config.gradient = BoundGradient::kDoublyReparametrised;
    const auto doubly = strong_vae(config, kFourPixels, torch::kDouble);
    const auto a = gradients(*plain, x, c.k, kDraws, c.beta, c.second, 7);
    const auto b = gradients(*doubly, x, c.k, kDraws, c.beta, c.second, 8);
    // About 60 numbers, of which one beyond 4.5 standard errors is a chance of 1 in 2,000.
    EXPECT_LT(largest_deviation(a.encoder, b.encoder), 4.5) << c.k << " " << c.second;
    EXPECT_LT(largest_deviation(a.decoder, b.decoder), 4.5) << c.k << " " << c.second;
    // It would be noticed if the shares were not squared, or the score left out without a factor:
    // the gradient is many standard errors from 0.
    EXPECT_GT(largest_deviation(a.encoder, torch::zeros_like(a.encoder)), 15);
  }
}

TEST(DoublyReparametrised, IsThePlainGradientForTheDecoderAndQuieterForTheEncoder) {
  torch::manual_seed(6);
  const auto x = (torch::rand({2, 1, 2, 2}) < 0.5).to(torch::kDouble);
  for (const int64_t second : {0, 3}) {
    auto config = small_config(second);
    config.gradient = BoundGradient::kReparametrised;
    const auto plain = strong_vae(config, kFourPixels, torch::kDouble, 0.5);
    config.gradient = BoundGradient::kDoublyReparametrised;
    const auto doubly = strong_vae(config, kFourPixels, torch::kDouble, 0.5);
    const auto a = gradients(*plain, x, 10, 100, 1, second, 9);
    const auto b = gradients(*doubly, x, 10, 100, 1, second, 9);
    EXPECT_TRUE(torch::allclose(a.decoder, b.decoder, 1e-9, 1e-12));
    EXPECT_LT(b.encoder.var(0).sum().item<double>(), 0.8 * a.encoder.var(0).sum().item<double>());
    // Both weigh the same and say the same bound.
    torch::manual_seed(1);
    Vae::Epsilon epsilon{torch::randn({10, 2, 2}, torch::kDouble), {}};
    if (second > 0) epsilon.second = torch::randn({10, 2, second}, torch::kDouble);
    EXPECT_EQ(plain->importance_weighted(x, epsilon, 1).bound.item<double>(),
              doubly->importance_weighted(x, epsilon, 1).bound.item<double>());
  }
}

// The gradient as Tucker et al. write it: the sum of squared shares times the path derivative, the
// latter by finite differences of the codes under a posterior that stays as it is.
TEST(DoublyReparametrised, IsSquaresOfSharesTimesPathDerivatives) {
  const auto vae = strong_vae(small_config(), kFourPixels, torch::kDouble);
  torch::manual_seed(12);
  const auto x = (torch::rand({1, 1, 2, 2}) < 0.5).to(torch::kDouble);
  const auto epsilon = torch::randn({4, 1, 2}, torch::kDouble);
  auto named = vae->named_parameters();
  const auto found = torch::autograd::grad({vae->importance_weighted(x, {epsilon, {}}, 1).loss},
                                           {named["encoder.output.bias"]})[0];
  torch::NoGradGuard no_grad;
  const auto hidden = torch::tanh(x.flatten(1).mm(named["encoder.hidden1.weight"].t()) +
                                  named["encoder.hidden1.bias"]);
  const auto output =
      hidden.mm(named["encoder.output.weight"].t()) + named["encoder.output.bias"];  // [1, 4]
  const auto deviation = (0.5 * output[0].slice(0, 2, 4)).exp();
  const auto log_w = [&](const Tensor& at) {
    return vae->weigh(x, {at, {}}).log_weights().squeeze(1);
  };
  const auto squares = torch::softmax(log_w(epsilon), 0).square();  // [4]
  const double h = 1e-5;
  for (int64_t j = 0; j < 2; ++j) {
    auto up = epsilon.clone(), down = epsilon.clone();
    up.select(2, j) += h;
    down.select(2, j) -= h;
    const auto slope = (log_w(up) - log_w(down)) / (2 * h);  // along epsilon: deviation * d / dz
    const auto own = epsilon.select(2, j).squeeze(1);
    EXPECT_NEAR(found[j].item<double>(), -((squares * slope).sum() / deviation[j]).item<double>(),
                1e-7);
    EXPECT_NEAR(found[j + 2].item<double>(), -(squares * slope * own / 2).sum().item<double>(),
                1e-7);
  }
}

TEST(ImportanceWeighted, IsTheElboForOneSample) {
  torch::NoGradGuard no_grad;
  const auto x = all_images().x.to(torch::kDouble) / 255;
  for (const int64_t second : {0, 3}) {
    const auto vae = strong_vae(small_config(second), kFourPixels, torch::kDouble);
    torch::manual_seed(13);
    const auto epsilon = [&](int64_t k) {
      Vae::Epsilon out{torch::randn({k, 16, 2}, torch::kDouble), {}};
      if (second > 0) out.second = torch::randn({k, 16, second}, torch::kDouble);
      return out;
    };
    const auto terms = vae->terms(x, epsilon(20000));
    const auto log_w = vae->weigh(x, epsilon(20000)).log_weights();
    const auto error = (log_w.var(0) / 20000.0).sqrt() * std::sqrt(2.0);
    const auto difference = log_w.mean(0) - (terms.reconstruction - terms.kl);
    EXPECT_LT((difference / error).abs().max().item<double>(), 4.5) << second;
    // One sample: the bound is the mean of the log-weights.
    const auto one = epsilon(1);
    EXPECT_NEAR(vae->importance_weighted(x, one, 1).bound.item<double>(),
                vae->weigh(x, one).log_weights().mean().item<double>(), 1e-12);
  }
}

TEST(TwoLayers, LearnAndDoWhatOneDoes) {
  auto config = small_config(3);
  config.optimizer.learning_rate = 0.02;
  for (const auto bound : {Bound::kElbo, Bound::kImportanceWeighted}) {
    config.bound = bound;
    config.samples = bound == Bound::kElbo ? 1 : 3;
    torch::manual_seed(14);
    Vae vae(config, kFourPixels);
    Batch batch;
    batch.x = torch::tensor({1, 1, 0, 0}, torch::kFloat).view({1, 1, 2, 2}).repeat({32, 1, 1, 1});
    batch.x.slice(0, 0, 16) = 1 - batch.x.slice(0, 0, 16);
    double first = 0, last = 0;
    for (int step = 0; step < 300; ++step) {
      const auto loss = vae.training_step(batch)[0].second.item<double>();
      if (step == 0) first = loss;
      last = loss;
    }
    EXPECT_LT(last, 1.2);  // ln 2 is the entropy of two images
    EXPECT_GT(first, 2.3);
    torch::NoGradGuard no_grad;
    vae.eval();
    EXPECT_EQ(vae.encode(batch).sizes(), (std::vector<int64_t>{32, 2}));
    const auto means = vae.posterior_means(batch);
    ASSERT_EQ(means.size(), 2U);
    EXPECT_EQ(means[1].sizes(), (std::vector<int64_t>{32, 3}));
    EXPECT_TRUE(torch::allclose(vae.decode(vae.encode(batch), {}), vae.reconstruct(batch)));
    EXPECT_LT((vae.reconstruct(batch) - batch.x).abs().max().item<double>(), 0.2);
    Noise noise(1, 0, 200);
    SampleRequest request;
    request.n = 200;
    request.noise = &noise;
    const auto drawn = vae.sample(request).flatten(1).round();  // nearly always one of the two
    EXPECT_GT(
        ((drawn.select(1, 0) == drawn.select(1, 1)) & (drawn.select(1, 0) != drawn.select(1, 2)))
            .to(torch::kDouble)
            .mean()
            .item<double>(),
        0.9);
    EXPECT_NEAR(drawn.select(1, 0).mean().item<double>(), 0.5, 0.2);
  }
}

TEST(FreeBits, CostNothingBelowTheirNumber) {
  auto config = small_config();
  config.free_bits = 50;
  config.optimizer.learning_rate = 1e-6;
  Vae vae(config, kFourPixels);
  Batch batch;
  batch.x = torch::rand({8, 1, 2, 2});
  auto metrics = vae.training_step(batch);
  // Both units are below: the loss has 50 nats for each, and the KL as it is beside it.
  EXPECT_NEAR(metrics[0].second.item<double>(), 100 - metrics[1].second.item<double>(), 1e-4);
  EXPECT_LT(metrics[2].second.item<double>(), 50);
  // Far above they change nothing: the loss is the negative ELBO.
  config.free_bits = 1e-9;
  Vae other(config, kFourPixels);
  metrics = other.training_step(batch);
  EXPECT_NEAR(metrics[0].second.item<double>(), -metrics[3].second.item<double>(), 1e-4);
  // A validation judges without them.
  torch::NoGradGuard no_grad;
  metrics = vae.validation_step(batch);
  EXPECT_NEAR(metrics[0].second.item<double>(), -metrics[3].second.item<double>(), 1e-4);
}

TEST(VaeConfig, RefusesFreeBitsWithoutAKl) {
  Problems problems;
  VaeConfig config;
  config.free_bits = 0.1;
  config.bound = Bound::kImportanceWeighted;
  config.check({problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 1U);
  EXPECT_NE(problems.lines()[0].find("model.free_bits: expected 0 with"), std::string::npos);
  config = {};
  config.second.latent_dim = 60000;
  config.second.hidden = {60000, 60000, 60000};
  config.check_example(kFourPixels, {problems, "model", nullptr});
  ASSERT_EQ(problems.lines().size(), 2U);
  EXPECT_NE(problems.lines()[1].find("model.second.hidden: expected at most"), std::string::npos);
}

}  // namespace
}  // namespace figment::models
