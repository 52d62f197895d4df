#include "figment/nn/distributions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "figment/nn/bernoulli.h"
#include "golden/golden.h"
#include "support/gradients.h"

namespace figment {
namespace {

using torch::Tensor;

// A nested list as a float64 tensor.
Tensor tensor(const nlohmann::json& list) {
  std::vector<int64_t> sizes;
  for (const auto* level = &list; level->is_array(); level = &level->at(0))
    sizes.push_back(static_cast<int64_t>(level->size()));
  return torch::tensor(flat<double>(list), torch::kFloat64).reshape(sizes);
}

void expect_close(const Tensor& got, const Tensor& expected, double tolerance = 1e-12) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_TRUE(torch::allclose(got.to(torch::kFloat64), expected, tolerance, tolerance))
      << got << "\nexpected\n"
      << expected;
}

Tensor randn(at::IntArrayRef shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape, torch::kFloat64);
}

TEST(Distributions, AgreeWithTorchDistributions) {
  const auto all = golden("distributions");
  const auto& kl = all.at("kl_standard_normal");
  expect_close(kl_standard_normal(tensor(kl.at("mean")), tensor(kl.at("log_variance"))),
               tensor(kl.at("kl")));
  const auto& b = all.at("bernoulli");
  const auto logits = tensor(b.at("logits"));
  expect_close(bernoulli_log_prob(logits, tensor(b.at("binary"))), tensor(b.at("binary_log_prob")));
  expect_close(bernoulli_log_prob(logits, tensor(b.at("grey"))), tensor(b.at("grey_log_prob")));
  const auto& g = all.at("gaussian");
  const auto x = tensor(g.at("x")), mean = tensor(g.at("mean"));
  expect_close(gaussian_log_prob(x, mean, tensor(g.at("log_variance"))), tensor(g.at("log_prob")));
  expect_close(gaussian_log_prob(x, mean, tensor(g.at("shared_log_variance"))),
               tensor(g.at("shared_log_prob")));
  const auto& l = all.at("log_mean_exp");
  expect_close(log_mean_exp(tensor(l.at("values")), l.at("dim")), tensor(l.at("result")));
}

TEST(Distributions, OfCountsAgreeWithScipy) {
  const auto all = golden("counts");
  const auto x = tensor(all.at("counts"));
  expect_close(multinomial_log_prob(tensor(all.at("logits")), x),
               tensor(all.at("multinomial_log_prob")));
  expect_close(poisson_log_prob(tensor(all.at("log_rate")), x), tensor(all.at("poisson_log_prob")));
}

TEST(Distributions, OfCountsSumToOne) {
  // All ways to throw five balls into three boxes.
  const auto logits = randn({1, 3}, 11);
  double total = 0;
  for (int i = 0; i <= 5; ++i)
    for (int j = 0; i + j <= 5; ++j)
      total += multinomial_log_prob(logits, torch::tensor({{i, j, 5 - i - j}}).to(torch::kFloat64))
                   .exp()
                   .item<double>();
  EXPECT_NEAR(total, 1, 1e-12);
  // Nothing can be drawn in one way only.
  EXPECT_EQ(multinomial_log_prob(logits, torch::zeros({1, 3}, torch::kFloat64)).item<double>(), 0);
  // Poisson counts of a known sum are multinomial.
  const auto log_rate = randn({4, 6}, 12);
  const auto x = torch::randint(0, 5, {4, 6}, torch::kFloat64);
  const auto whole = poisson_log_prob(log_rate.logsumexp(1, true), x.sum(1, true));
  expect_close(poisson_log_prob(log_rate, x), whole + multinomial_log_prob(log_rate, x));
}

TEST(Distributions, MakeTheBoundsOfAVae) {
  const auto all = golden("vae");
  std::map<std::string, Tensor> w;
  std::vector<Tensor> weights;
  for (const auto& [name, value] : all.at("weights").items()) {
    w[name] = tensor(value).requires_grad_();
    weights.push_back(w[name]);
  }
  const auto linear = [&](const Tensor& x, const std::string& name) {
    return torch::linear(x, w.at(name + "_weight"), w.at(name + "_bias"));
  };
  const auto x = tensor(all.at("x"));
  const auto epsilon = tensor(all.at("epsilon"));  // [k, n, latent]
  const auto h = torch::tanh(linear(x, "encoder"));
  const auto mean = linear(h, "mean"), log_variance = linear(h, "log_variance");
  const auto decoded = [&](const Tensor& z) {
    return linear(torch::tanh(linear(z, "decoder")), "logits");
  };
  const auto log_likelihood =
      bernoulli_log_prob(decoded(reparametrize(mean, log_variance, epsilon[0])), x);
  const auto kl = kl_standard_normal(mean, log_variance);
  const auto elbo = log_likelihood - kl;
  expect_close(log_likelihood, tensor(all.at("log_likelihood")));
  expect_close(kl, tensor(all.at("kl")));
  expect_close(elbo, tensor(all.at("elbo")));
  const auto gradients = torch::autograd::grad({-elbo.mean()}, weights);
  std::size_t i = 0;
  for (const auto& [name, value] : all.at("weights").items())
    expect_close(gradients[i++], tensor(all.at("gradients").at(name)));

  std::vector<Tensor> log_weights;
  for (int64_t k = 0; k < epsilon.size(0); ++k) {
    const auto z = reparametrize(mean, log_variance, epsilon[k]);
    log_weights.push_back(bernoulli_log_prob(decoded(z), x) + standard_normal_log_prob(z) -
                          gaussian_log_prob(z, mean, log_variance));
  }
  expect_close(log_mean_exp(torch::stack(log_weights), 0), tensor(all.at("importance_bound")));
}

TEST(Distributions, DivergenceIsTheIntegralThatDefinesIt) {
  const auto z = torch::linspace(-20, 20, 80001, torch::kFloat64).unsqueeze(1);  // [grid, 1]
  const double step = 40.0 / 80000;
  for (const double mean : {-1.5, 0.0, 0.3}) {
    for (const double log_variance : {-3.0, 0.0, 1.0}) {
      const auto m = torch::full({1, 1}, mean, torch::kFloat64);
      const auto v = torch::full({1, 1}, log_variance, torch::kFloat64);
      const auto q = gaussian_log_prob(z, m, v);
      EXPECT_NEAR((q.exp().sum() * step).item<double>(), 1, 1e-9);
      const auto integral = (q.exp() * (q - standard_normal_log_prob(z))).sum() * step;
      EXPECT_NEAR(kl_standard_normal(m, v).item<double>(), integral.item<double>(), 1e-9);
    }
  }
}

TEST(Distributions, DivergenceIsTheMeanOverSamples) {
  const auto mean = randn({1, 6}, 1), log_variance = randn({1, 6}, 2);
  const auto z = reparametrize(mean, log_variance, randn({200000, 6}, 3));
  const auto ratio = gaussian_log_prob(z, mean, log_variance) - standard_normal_log_prob(z);
  const double error = ratio.std().item<double>() / std::sqrt(200000.0);
  EXPECT_NEAR(kl_standard_normal(mean, log_variance).item<double>(), ratio.mean().item<double>(),
              4 * error);
}

TEST(Distributions, DivergenceKeepsItsDigitsNearThePrior) {
  const auto tiny = torch::full({1, 1}, 1e-3, torch::kFloat32);
  const double expected = 0.5 * (std::expm1(1e-3) - 1e-3);  // 2.5e-7, lost by exp(v) - 1 in float
  EXPECT_NEAR(kl_standard_normal(torch::zeros({1, 1}), tiny).item<double>() / expected, 1, 1e-3);
}

TEST(Distributions, BernoulliSumsToOneAndBearsAnyLogits) {
  const auto logits = randn({1, 3}, 4) * 5;
  double total = 0;
  for (int code = 0; code < 8; ++code) {
    const auto x =
        torch::tensor({code & 1, code >> 1 & 1, code >> 2 & 1}, torch::kFloat64).unsqueeze(0);
    total += bernoulli_log_prob(logits, x).exp().item<double>();
  }
  EXPECT_NEAR(total, 1, 1e-12);
  const auto extreme = torch::tensor({-1e4, 1e4, -1e4, 1e4}).unsqueeze(1);
  const auto x = torch::tensor({0.0, 1.0, 1.0, 0.0}).to(torch::kFloat32).unsqueeze(1);
  const auto log_prob = bernoulli_log_prob(extreme.to(torch::kFloat32), x);
  EXPECT_TRUE(torch::allclose(log_prob, torch::tensor({0.0F, 0.0F, -1e4F, -1e4F}), 0, 1e-30));
}

TEST(Distributions, ShapesAreSummedAndBroadcast) {
  const auto x = randn({3, 2, 4, 5}, 5), m = randn({3, 2, 4, 5}, 6);
  EXPECT_EQ(bernoulli_log_prob(m, torch::rand_like(x)).sizes(), (std::vector<int64_t>{3}));
  const auto v = torch::full({}, 0.5, torch::kFloat64);
  expect_close(gaussian_log_prob(x, m, v), gaussian_log_prob(x, m, v.expand_as(x)));
  expect_close(standard_normal_log_prob(x),
               gaussian_log_prob(x, torch::zeros_like(x), torch::zeros_like(x)));
  EXPECT_EQ(multinomial_log_prob(m, x.abs()).sizes(), (std::vector<int64_t>{3}));
  EXPECT_EQ(poisson_log_prob(m, x.abs()).sizes(), (std::vector<int64_t>{3}));
  EXPECT_EQ(reparametrize(randn({3, 2}, 1), randn({3, 2}, 2), randn({7, 3, 2}, 3)).sizes(),
            (std::vector<int64_t>{7, 3, 2}));
}

TEST(Distributions, GradientsAreThoseOfFiniteDifferences) {
  using Inputs = const std::vector<Tensor>&;
  const auto a = randn({3, 4}, 7), b = randn({3, 4}, 8), c = randn({3, 4}, 9);
  expect_gradients([](Inputs in) { return kl_standard_normal(in[0], in[1]); }, {a, b});
  expect_gradients([](Inputs in) { return bernoulli_log_prob(in[0], in[1]); },
                   {a, torch::sigmoid(b)});
  expect_gradients([](Inputs in) { return gaussian_log_prob(in[0], in[1], in[2]); }, {a, b, c});
  expect_gradients([](Inputs in) { return gaussian_log_prob(in[0], in[1], in[2]); },
                   {a, b, randn({}, 10)});
  expect_gradients([](Inputs in) { return standard_normal_log_prob(in[0]); }, {a});
  expect_gradients([](Inputs in) { return multinomial_log_prob(in[0], in[1]); }, {a, b.exp()});
  expect_gradients([](Inputs in) { return poisson_log_prob(in[0], in[1]); }, {a, b.exp()});
  expect_gradients([](Inputs in) { return reparametrize(in[0], in[1], in[2]); }, {a, b, c});
  expect_gradients([](Inputs in) { return log_mean_exp(in[0], 0); }, {a});
}

}  // namespace
}  // namespace figment
