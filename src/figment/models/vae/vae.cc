#include "figment/models/vae/vae.h"

#include <algorithm>

#include "figment/model/family.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family vae;
constexpr Family vae =
    family<Vae>("vae", "Variational autoencoder", "https://arxiv.org/abs/1312.6114");

namespace {

// A predicted log-variance beyond this helps no likelihood and overflows its exponential.
constexpr double kLogVarianceLimit = 12;

}  // namespace

void VaeConfig::check(const Problems::Scope& scope) const {
  if (binarize == Binarization::kSampled && likelihood != Likelihood::kBernoulli)
    scope.add("binarize", "expected none with the gaussian likelihood, got sampled");
}

void VaeConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
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
        return register_optimizer("all", parameters(), config.optimizer);
      }()) {}

double Vae::beta_now() const {
  if (config_.beta_warmup_steps == 0) return config_.beta;
  const auto share =
      static_cast<double>(clock().step) / static_cast<double>(config_.beta_warmup_steps);
  return config_.beta * std::min(1.0, share);
}

torch::Tensor Vae::binarized(const torch::Tensor& x) const {
  return config_.binarize == Binarization::kSampled ? torch::bernoulli(x) : x;
}

Vae::Posterior Vae::posterior(const torch::Tensor& x) {
  const auto parts = encoder_->forward(x).chunk(2, 1);
  return {parts[0], parts[1]};
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

Vae::Terms Vae::terms(const torch::Tensor& x, const torch::Tensor& epsilon) {
  const auto q = posterior(x);
  const auto k = epsilon.size(0), n = x.size(0);
  const auto z = reparametrize(q.mean, q.log_variance, epsilon);         // AEVB eq. 4
  const auto output = decoder_->forward(z.reshape({k * n, z.size(2)}));  // [k * n, ...]
  auto repeats = std::vector<int64_t>(static_cast<std::size_t>(x.dim()), 1);
  repeats[0] = k;
  const auto targets = k == 1 ? x : x.repeat(repeats);
  const auto reconstruction = log_likelihood(targets, output).view({k, n}).mean(0);
  return {reconstruction, kl_standard_normal(q.mean, q.log_variance)};
}

Metrics Vae::training_step(const Batch& batch) {
  const auto x = binarized(batch.x);
  const auto t =
      terms(x, torch::randn({config_.samples, x.size(0), config_.latent_dim}, batch.x.options()));
  const auto reconstruction = t.reconstruction.mean(), kl = t.kl.mean();
  const auto loss = beta_now() * kl - reconstruction;  // AEVB eq. 10, negated
  optimizer_.minimize(loss);
  return {{"loss", loss.detach()},
          {"reconstruction", reconstruction.detach()},
          {"kl", kl.detach()},
          {"elbo", (reconstruction - kl).detach()}};
}

Metrics Vae::validation_step(const Batch& batch) {
  const auto x = binarized(batch.x);
  const auto t = terms(x, torch::randn({1, x.size(0), config_.latent_dim}, batch.x.options()));
  const auto reconstruction = t.reconstruction.mean(), kl = t.kl.mean();
  // Judged by the weight in force at the end, so that a warm-up does not make early epochs look
  // best.
  return {{"loss", config_.beta * kl - reconstruction},
          {"reconstruction", reconstruction},
          {"kl", kl},
          {"elbo", reconstruction - kl}};
}

torch::Tensor Vae::sample(const SampleRequest& request) {
  const auto z = request.noise->normal({config_.latent_dim}) * request.temperature;
  return mean_of(decoder_->forward(z));
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
  const auto t = terms(x, noise.normal({config_.latent_dim}).unsqueeze(0));
  return {t.reconstruction - t.kl, {{"reconstruction", t.reconstruction}, {"kl", t.kl}}};
}

}  // namespace figment::models
