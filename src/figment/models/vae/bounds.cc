// The two bounds on log p(x) that a VAE learns by: the ELBO and the importance-weighted one.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "figment/models/vae/vae.h"
#include "figment/nn/bernoulli.h"
#include "figment/nn/distributions.h"
#include "figment/nn/posterior.h"

namespace figment::models {
namespace {

const double kLogTwoPi = std::log(2 * 3.14159265358979323846);

// Numbers that a decoder puts out at a time for the weights of one batch; 16 MiB of floats.
constexpr int64_t kOutputsAtOnce = 1 << 22;

// log N(z; mean, exp(log_variance)) of each unit.
torch::Tensor log_normal(const torch::Tensor& z, const torch::Tensor& mean,
                         const torch::Tensor& log_variance) {
  return -0.5 * ((z - mean).square() * torch::exp(-log_variance) + (log_variance + kLogTwoPi));
}

torch::Tensor log_standard_normal(const torch::Tensor& z) {
  return -0.5 * (z.square() + kLogTwoPi);
}

// KL(N(mean, exp(log_variance)) || N(0, 1)) of each unit.
torch::Tensor unit_kl_standard_normal(const torch::Tensor& mean,
                                      const torch::Tensor& log_variance) {
  return 0.5 * (mean.square() + (log_variance.expm1() - log_variance));
}

}  // namespace

// Of the doubly reparametrised gradient (Tucker, Lawson, Gu, Maddison, "Doubly reparameterized
// gradient estimators for Monte Carlo objectives", 2019): the weights see a code through this, and
// what comes back to the code is multiplied by a factor known only after the weights.
struct Vae::Path {
  std::shared_ptr<torch::Tensor> factor = std::make_shared<torch::Tensor>();  // [k, n]

  torch::Tensor seen(const torch::Tensor& z) const {
    auto out = z.view_as(z);
    out.register_hook([held = factor](const torch::Tensor& gradient) -> torch::Tensor {
      return gradient * held->unsqueeze(-1);
    });
    return out;
  }
};

torch::Tensor Vae::log_likelihoods(const torch::Tensor& x, const torch::Tensor& z) {
  const auto k = z.size(0), n = z.size(1);
  const auto output = decoder_->forward(z.reshape({k * n, z.size(2)}));  // [k * n, ...]
  if (config_.likelihood == Likelihood::kBernoulli) return bernoulli_log_probs(output, x);
  auto repeats = std::vector<int64_t>(static_cast<std::size_t>(x.dim()), 1);
  repeats[0] = k;
  return log_likelihood(x.repeat(repeats), output).view({k, n});
}

Vae::Terms Vae::terms(const torch::Tensor& x, const Epsilon& epsilon) {
  const auto parts = encoder_->forward(x);
  const auto k = epsilon.first.size(0), n = x.size(0);
  Terms out;
  if (!has_second()) {
    const auto draw = posterior_draw(parts, epsilon.first);                          // AEVB eq. 4
    const auto output = decoder_->forward(draw.z.reshape({k * n, draw.z.size(2)}));  // [k * n, ...]
    auto repeats = std::vector<int64_t>(static_cast<std::size_t>(x.dim()), 1);
    repeats[0] = k;
    const auto targets = k == 1 ? x : x.repeat(repeats);
    out.reconstruction = log_likelihood(targets, output).view({k, n}).mean(0);
    out.kl = draw.kl;
    if (config_.free_bits > 0) {
      const auto q = halves_of(parts);
      out.unit_kl = {unit_kl_standard_normal(q.mean, q.log_variance)};
    }
    return out;
  }
  const auto q = halves_of(parts);
  const auto z = reparametrize(q.mean, q.log_variance, epsilon.first);
  const auto above = second_posterior(z);
  const auto u = reparametrize(above.mean, above.log_variance, epsilon.second);
  const auto p = prior_given(u);
  out.reconstruction = log_likelihoods(x, z).mean(0);
  out.unit_kl = {
      (log_normal(z, q.mean, q.log_variance) - log_normal(z, p.mean, p.log_variance)).mean(0),
      unit_kl_standard_normal(above.mean, above.log_variance).mean(0)};
  out.kl = out.unit_kl[0].sum(1) + out.unit_kl[1].sum(1);
  return out;
}

torch::Tensor Vae::penalty(const Terms& t) const {
  if (config_.free_bits == 0) return t.kl.mean();
  // Kingma et al., "Improved variational inference with inverse autoregressive flow", 2016, eq. 15,
  // each unit being a group.
  torch::Tensor sum;
  for (const auto& units : t.unit_kl) {
    const auto layer = units.mean(0).clamp_min(config_.free_bits).sum();
    sum = sum.defined() ? sum + layer : layer;
  }
  return sum;
}

Vae::Weights Vae::weigh(const torch::Tensor& x, const Epsilon& epsilon) {
  return weigh(x, epsilon, nullptr);
}

Vae::Weights Vae::weigh(const torch::Tensor& x, const Epsilon& epsilon, const Path* path) {
  const auto seen = [&](const torch::Tensor& code) {
    return path != nullptr ? path->seen(code) : code;
  };
  const auto q = posterior(x);
  const auto z = reparametrize(q.mean, q.log_variance, epsilon.first);  // [k, n, latent]
  const auto z_seen = seen(z);
  // Of log q only the dependence through the code is followed: the other part, the score, is what
  // the factor stands for.
  const auto q_seen = path != nullptr ? Posterior{q.mean.detach(), q.log_variance.detach()} : q;
  Weights out;
  out.log_likelihood = log_likelihoods(x, z_seen);
  out.log_posterior = log_normal(z_seen, q_seen.mean, q_seen.log_variance).sum(-1);
  if (!has_second()) {
    out.log_prior = log_standard_normal(z_seen).sum(-1);
    return out;
  }
  const auto above = second_posterior(z);
  const auto u_seen = seen(reparametrize(above.mean, above.log_variance, epsilon.second));
  const auto above_seen = path != nullptr ? second_posterior_frozen(z_seen) : above;
  const auto p = prior_given(u_seen);
  out.log_posterior =
      out.log_posterior + log_normal(u_seen, above_seen.mean, above_seen.log_variance).sum(-1);
  out.log_prior =
      log_normal(z_seen, p.mean, p.log_variance).sum(-1) + log_standard_normal(u_seen).sum(-1);
  return out;
}

Vae::Objective Vae::importance_weighted(const torch::Tensor& x, const Epsilon& epsilon,
                                        double beta) {
  const bool doubly =
      config_.gradient == BoundGradient::kDoublyReparametrised && torch::GradMode::is_enabled();
  const Path path{};
  Objective out;
  out.weights = weigh(x, epsilon, doubly ? &path : nullptr);
  const auto log_w = out.weights.log_weights(beta);
  out.bound = log_mean_exp(log_w, 0).mean();  // IWAE eq. 8
  if (!doubly) {
    out.loss = -out.bound;
    return out;
  }
  // With the normalised weights held fixed, the gradient of the sum is that of the bound (IWAE
  // section 3): right for the decoder as it is. For the encoder each is taken once more on the way
  // through the codes: squares of normalised weights times path derivatives (IWAE-DReG of Tucker et
  // al.). Where beta is not 1, the score that was left out weighs beta, and the same integration by
  // parts gives the factor (1 - beta) + beta * share.
  const auto share = torch::softmax(log_w.detach(), 0);  // [k, n]
  *path.factor = (1 - beta) + beta * share;
  out.loss = -(share * log_w).sum(0).mean();
  return out;
}

Metrics Vae::metrics_of(const Objective& objective) {
  const auto& w = objective.weights;
  const auto reconstruction = w.log_likelihood.detach().mean();
  const auto kl = (w.log_posterior - w.log_prior).detach().mean();
  return {{"loss", -objective.bound.detach()},
          {"reconstruction", reconstruction},
          {"kl", kl},
          {"elbo", reconstruction - kl}};
}

torch::Tensor Vae::log_weights(const Batch& batch, Noise& noise, int64_t samples) {
  const auto x = config_.binarize == Binarization::kSampled ? noise.bernoulli(batch.x) : batch.x;
  const auto epsilon = draw(samples, noise);
  const auto at_once = std::max<int64_t>(1, kOutputsAtOnce / std::max<int64_t>(1, x.numel()));
  std::vector<torch::Tensor> parts;
  for (int64_t done = 0; done < samples; done += at_once) {
    const auto end = std::min(samples, done + at_once);
    const auto part = [&](const torch::Tensor& all) {
      return all.defined() ? all.slice(0, done, end) : all;
    };
    parts.push_back(weigh(x, {part(epsilon.first), part(epsilon.second)}).log_weights());
  }
  return torch::cat(parts);
}

}  // namespace figment::models
