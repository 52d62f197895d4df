#include "figment/models/vae/vae.h"

#include <algorithm>

#include "figment/model/family.h"
#include "figment/nn/bernoulli.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family vae;
constexpr Family vae =
    family<Vae>("vae", "Variational autoencoder", "https://arxiv.org/abs/1312.6114");

namespace {

// A predicted log-variance beyond this helps no likelihood and overflows its exponential.
constexpr double kLogVarianceLimit = 12;

// Codes of the first layer over which the posterior mean of the second is averaged.
constexpr int64_t kMeanDraws = 32;

// x [..., a] through a network of [m, a] -> [m, 2 b]: the two halves, [..., b] each.
template <class Network>
std::pair<torch::Tensor, torch::Tensor> halves(Network& network, const torch::Tensor& x) {
  auto sizes = x.sizes().vec();
  const auto parts = network->forward(x.reshape({-1, x.size(-1)})).chunk(2, 1);
  sizes.back() = parts[0].size(1);
  return {parts[0].reshape(sizes), parts[1].reshape(sizes)};
}

// While it lives, what a module computes sends no gradient to its weights.
class Frozen {
 public:
  explicit Frozen(const torch::nn::Module& module) : parameters_(module.parameters()) {
    set(false);
  }
  ~Frozen() { set(true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  void set(bool learns) {
    for (auto& parameter : parameters_) parameter.requires_grad_(learns);
  }
  std::vector<torch::Tensor> parameters_;
};

}  // namespace

CoderConfig VaeConfig::second_coder() const {
  CoderConfig out;
  out.hidden = second.hidden;
  out.activation = coder.activation;
  return out;
}

void VaeConfig::check(const Problems::Scope& scope) const {
  if (binarize == Binarization::kSampled && likelihood != Likelihood::kBernoulli)
    scope.add("binarize", "expected none with the gaussian likelihood, got sampled");
  if (free_bits > 0 && bound == Bound::kImportanceWeighted)
    scope.add("free_bits",
              "expected 0 with bound = \"importance_weighted\", which has no KL to leave free");
}

void VaeConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  if (second.latent_dim > 0) check_coder(second_coder(), {latent_dim}, scope.inner("second"));
  if (likelihood == Likelihood::kBernoulli && example.modality != Modality::kImage)
    scope.add("likelihood", "expected gaussian for " + example.text() +
                                ": bernoulli is for values in [0, 1], as images have");
}

Vae::Vae(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      encoder_(
          register_module("encoder", Encoder(example.shape, config.coder, 2 * config.latent_dim))),
      decoder_(register_module("decoder", Decoder(config.latent_dim, config.coder, example.shape,
                                                  config.likelihood == Likelihood::kGaussian &&
                                                          config.variance == Variance::kPredicted
                                                      ? 2
                                                      : 1))),
      log_variance_(config.likelihood == Likelihood::kGaussian &&
                            config.variance != Variance::kPredicted
                        ? torch::full({}, config.log_variance)
                        : torch::Tensor()),
      optimizer_([&]() -> Optimizer& {
        if (log_variance_.defined())
          log_variance_ = config.variance == Variance::kShared
                              ? register_parameter("log_variance", log_variance_)
                              : register_buffer("log_variance", log_variance_);
        if (has_second()) {
          const std::vector<int64_t> code = {config.latent_dim};
          second_encoder_ = register_module(
              "second_encoder", Encoder(code, config.second_coder(), 2 * config.second.latent_dim));
          second_decoder_ = register_module(
              "second_decoder", Decoder(config.second.latent_dim, config.second_coder(), code, 2));
        }
        return register_optimizer("all", parameters(), config.optimizer);
      }()) {}

double Vae::beta_now() const {
  if (config_.beta_warmup_steps == 0) return config_.beta;
  const auto share =
      static_cast<double>(clock().step) / static_cast<double>(config_.beta_warmup_steps);
  return config_.beta * std::min(1.0, share);
}

LikelihoodOf Vae::likelihood_of() const {
  if (config_.likelihood == Likelihood::kGaussian) return LikelihoodOf::kReals;
  return config_.binarize == Binarization::kSampled ? LikelihoodOf::kBinaryDraws
                                                    : LikelihoodOf::kProbabilities;
}

torch::Tensor Vae::binarized(const torch::Tensor& x) const {
  return config_.binarize == Binarization::kSampled ? torch::bernoulli(x) : x;
}

Vae::Posterior Vae::halves_of(const torch::Tensor& parts) {
  const auto halves = parts.chunk(2, 1);
  return {halves[0], halves[1]};
}

Vae::Posterior Vae::posterior(const torch::Tensor& x) { return halves_of(encoder_->forward(x)); }

Vae::Posterior Vae::second_posterior(const torch::Tensor& z) {
  const auto [mean, log_variance] = halves(second_encoder_, z);
  return {mean, log_variance};
}

Vae::Posterior Vae::second_posterior_frozen(const torch::Tensor& z) {
  const Frozen frozen(*second_encoder_);
  return second_posterior(z);
}

Vae::Posterior Vae::prior_given(const torch::Tensor& u) {
  const auto [mean, log_variance] = halves(second_decoder_, u);
  return {mean, log_variance.clamp(-kLogVarianceLimit, kLogVarianceLimit)};
}

torch::Tensor Vae::log_likelihood(const torch::Tensor& x, const torch::Tensor& output) const {
  if (config_.likelihood == Likelihood::kBernoulli) return bernoulli_log_prob(output, x);
  if (config_.variance != Variance::kPredicted) return gaussian_log_prob(x, output, log_variance_);
  const auto parts = output.chunk(2, 1);
  return gaussian_log_prob(x, parts[0], parts[1].clamp(-kLogVarianceLimit, kLogVarianceLimit));
}

torch::Tensor Vae::mean_of(const torch::Tensor& output) const {
  if (config_.likelihood == Likelihood::kBernoulli) return torch::sigmoid(output);
  return config_.variance == Variance::kPredicted ? output.chunk(2, 1)[0] : output;
}

Vae::Epsilon Vae::draw(int64_t k, const torch::Tensor& x) const {
  const auto normal = [&](int64_t units) {
    return torch::randn({k, x.size(0), units}, x.options());
  };
  Epsilon out;
  out.first = normal(config_.latent_dim);
  if (has_second()) out.second = normal(config_.second.latent_dim);
  return out;
}

Vae::Epsilon Vae::draw(int64_t k, Noise& noise) const {
  const auto normal = [&](int64_t units) { return noise.normal({k, units}).transpose(0, 1); };
  Epsilon out;
  out.first = normal(config_.latent_dim);
  if (has_second()) out.second = normal(config_.second.latent_dim);
  return out;
}

Metrics Vae::training_step(const Batch& batch) {
  const auto x = binarized(batch.x);
  const auto epsilon = draw(config_.samples, x);
  if (config_.bound == Bound::kImportanceWeighted) {
    const auto objective = importance_weighted(x, epsilon, beta_now());
    optimizer_.minimize(objective.loss);
    return metrics_of(objective);
  }
  const auto t = terms(x, epsilon);
  const auto reconstruction = t.reconstruction.mean(), kl = t.kl.mean();
  const auto loss = beta_now() * penalty(t) - reconstruction;  // AEVB eq. 10, negated
  optimizer_.minimize(loss);
  return {{"loss", loss.detach()},
          {"reconstruction", reconstruction.detach()},
          {"kl", kl.detach()},
          {"elbo", (reconstruction - kl).detach()}};
}

Metrics Vae::validation_step(const Batch& batch) {
  const auto x = binarized(batch.x);
  // Judged by the weight in force at the end, so that a warm-up does not make early epochs look
  // best; and without free bits, for which a model is no better.
  if (config_.bound == Bound::kImportanceWeighted)
    return metrics_of(importance_weighted(x, draw(config_.samples, x), config_.beta));
  const auto t = terms(x, draw(1, x));
  const auto reconstruction = t.reconstruction.mean(), kl = t.kl.mean();
  return {{"loss", config_.beta * kl - reconstruction},
          {"reconstruction", reconstruction},
          {"kl", kl},
          {"elbo", reconstruction - kl}};
}

torch::Tensor Vae::ancestral_code(Noise& noise, double temperature) {
  const auto normal = [&](int64_t units) { return noise.normal({units}) * temperature; };
  if (!has_second()) return normal(config_.latent_dim);
  const auto p = prior_given(normal(config_.second.latent_dim));
  return reparametrize(p.mean, p.log_variance, normal(config_.latent_dim));
}

torch::Tensor Vae::sample(const SampleRequest& request) {
  return mean_of(decoder_->forward(ancestral_code(*request.noise, request.temperature)));
}

Vae::Codes Vae::draw_prior(Noise& noise) { return {ancestral_code(noise, 1), {}}; }

torch::Tensor Vae::draw_posterior(const Batch& batch, Noise& noise) {
  const auto x = config_.binarize == Binarization::kSampled ? noise.bernoulli(batch.x) : batch.x;
  const auto q = posterior(x);
  return reparametrize(q.mean, q.log_variance, noise.normal({config_.latent_dim}));
}

torch::Tensor Vae::encode(const Batch& batch) { return posterior(batch.x).mean; }

torch::Tensor Vae::decode(const torch::Tensor& code, const torch::Tensor&) {
  return mean_of(decoder_->forward(code));
}

torch::Tensor Vae::reconstruct(const Batch& batch) {
  return mean_of(decoder_->forward(posterior(batch.x).mean));
}

LogDensity Vae::log_density(const Batch& batch, Noise& noise) {
  const auto x = config_.binarize == Binarization::kSampled ? noise.bernoulli(batch.x) : batch.x;
  const auto t = terms(x, draw(1, noise));
  return {t.reconstruction - t.kl, {{"reconstruction", t.reconstruction}, {"kl", t.kl}}};
}

std::vector<torch::Tensor> Vae::posterior_means(const Batch& batch) {
  const auto q = posterior(batch.x);
  if (!has_second()) return {q.mean};
  // E q(u | x) has no closed form. The same draws for every example, so that they add nothing to
  // the variance over examples.
  auto noise = Noise(0, 0, kMeanDraws, q.mean.device());
  const auto epsilon = noise.normal({config_.latent_dim}).unsqueeze(1);  // [draws, 1, latent]
  const auto z = reparametrize(q.mean, q.log_variance, epsilon);
  return {q.mean, second_posterior(z).mean.mean(0)};
}

}  // namespace figment::models
