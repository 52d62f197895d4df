#include "figment/models/vae_gan/vae_gan.h"

#include <string>

#include "figment/model/family.h"
#include "figment/nn/distributions.h"
#include "figment/nn/reconstruction.h"

namespace figment::models {

extern const Family vae_gan;
constexpr Family vae_gan = family<VaeGan>("vae_gan", "Variational autoencoder with a discriminator",
                                          "https://arxiv.org/abs/1512.09300");

void VaeGanConfig::check(const Problems::Scope& scope) const {
  if (layer > discriminator.layers())
    scope.add("layer", "expected at most " + std::to_string(discriminator.layers()) +
                           ", the hidden layers of the discriminator, got " +
                           std::to_string(layer));
  if (adversarial_loss == AdversarialLoss::kWasserstein &&
      discriminator.normalization != DiscriminatorNorm::kSpectral)
    scope.add("adversarial_loss",
              "expected discriminator.normalization = \"spectral\" with wasserstein: without a "
              "bound on its slope a discriminator has no least loss");
  // ABP's rule asks how far the losses are from log 2, where a logistic discriminator says 1/2 of
  // all. Even matches of the others are at 1/8 and 1, or, of wasserstein, nowhere in particular.
  if (margin > 0 && !has_log_odds(adversarial_loss))
    scope.add("margin", std::string("expected 0 with adversarial_loss = \"") +
                            name_of_enum(adversarial_loss) +
                            "\": who pauses is told by losses that are log 2 where neither side is "
                            "ahead, as non_saturating and minimax are; set margin = 0, and nobody "
                            "pauses");
}

void VaeGanConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  check_discriminator(discriminator, example.shape, scope.inner("discriminator"));
}

VaeGan::VaeGan(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      encoder_(
          register_module("encoder", Encoder(example.shape, config.coder, 2 * config.latent_dim))),
      decoder_(register_module("decoder", Decoder(config.latent_dim, config.coder, example.shape))),
      discriminator_(
          register_module("discriminator", Discriminator(example.shape, config.discriminator))),
      encoder_optimizer_(register_optimizer("encoder", encoder_->parameters(), config.optimizer)),
      decoder_optimizer_(register_optimizer("decoder", decoder_->parameters(), config.optimizer)),
      discriminator_optimizer_(register_optimizer("discriminator", discriminator_->parameters(),
                                                  config.discriminator_optimizer)) {}

torch::Tensor VaeGan::mean_of(const torch::Tensor& output) const {
  return example().modality == Modality::kImage ? torch::sigmoid(output) : output;
}

VaeGan::Code VaeGan::posterior(const torch::Tensor& x) {
  const auto parts = encoder_->forward(x).chunk(2, 1);
  return {parts[0], parts[1]};
}

VaeGan::Terms VaeGan::terms(const torch::Tensor& x, const torch::Tensor& epsilon,
                            const torch::Tensor& z_prior) {
  const auto n = x.size(0);
  const auto q = posterior(x);
  const auto z = reparametrize(q.mean, q.log_variance, epsilon);
  const auto made = mean_of(decoder_->forward(torch::cat({z, z_prior})));  // x~, then x_p
  const auto judged = discriminator_->judge(torch::cat({x, made}), config_.layer);
  const auto features = judged.features.narrow(0, 0, 2 * n).chunk(2);  // of x and of x~
  const auto truth = judged.score.narrow(0, 0, n);
  const auto reconstructed = judged.score.narrow(0, n, n),
             sampled = judged.score.narrow(0, 2 * n, n);
  const auto kind = config_.adversarial_loss;
  // ABP eq. 7: log N(Dis_l(x); Dis_l(x~), I), negated, less its constant.
  const auto distance = 0.5 * (features[0] - features[1]).square().flatten(1).sum(1).mean();
  return {kl_standard_normal(q.mean, q.log_variance).mean(),  // ABP eq. 3
          distance, loss_of_true(kind, truth),
          // ABP section 2.4: reconstructions count as made, like samples. The mean of the two,
          // where the paper has their sum: with it true and made examples weigh alike, and an even
          // match is at log 2 for both.
          0.5 * (loss_of_made(kind, reconstructed) + loss_of_made(kind, sampled)),
          0.5 * (loss_of_fooling(kind, reconstructed) + loss_of_fooling(kind, sampled)),
          mean_sse(made.narrow(0, 0, n), x)};
}

VaeGan::Turn VaeGan::turn(double true_loss, double made_loss) const {
  if (config_.margin == 0) return {true, true};
  const auto loss = 0.5 * (true_loss + made_loss);
  return {loss >= config_.equilibrium - config_.margin,
          loss <= config_.equilibrium + config_.margin};
}

// ABP algorithm 1. All three gradients are of one graph, at the weights before the step. A backward
// pass needs the weights it goes through as they were, so who is nearest to the input steps first:
// the encoder's gradient goes through decoder and discriminator, the decoder's through the
// discriminator, the discriminator's through nobody else.
Metrics VaeGan::training_step(const Batch& batch) {
  const auto n = batch.size();
  const auto epsilon = torch::randn({n, config_.latent_dim}, batch.x.options());
  const auto t = terms(batch.x, epsilon, torch::randn_like(epsilon));
  const auto next = turn(t.truth.item<double>(), t.made.item<double>());
  encoder_optimizer_.minimize(config_.beta * t.kl + t.features, /*keep_graph=*/true);
  if (next.decoder)
    decoder_optimizer_.minimize(config_.gamma * t.features + t.fooling, /*keep_graph=*/true);
  if (next.discriminator) discriminator_optimizer_.minimize(t.truth + t.made);
  const auto share = [](bool learned) { return torch::tensor(learned ? 1.0 : 0.0); };
  return {{"features", t.features.detach()},
          {"kl", t.kl.detach()},
          {"true_loss", t.truth.detach()},
          {"made_loss", t.made.detach()},
          {"fooling_loss", t.fooling.detach()},
          {"reconstruction_sse", t.reconstruction_sse.detach()},
          {"discriminator_learned", share(next.discriminator)},
          {"decoder_learned", share(next.decoder)}};
}

// None is called "loss": the distance is measured by a discriminator that changes, so that an
// earlier checkpoint with a lower one is not better.
Metrics VaeGan::validation_step(const Batch& batch) {
  const auto epsilon = torch::randn({batch.size(), config_.latent_dim}, batch.x.options());
  const auto t = terms(batch.x, epsilon, torch::randn_like(epsilon));
  return {{"reconstruction_sse", t.reconstruction_sse},
          {"features", t.features},
          {"kl", t.kl},
          {"true_loss", t.truth},
          {"made_loss", t.made}};
}

torch::Tensor VaeGan::sample(const SampleRequest& request) {
  return decode(request.noise->normal({config_.latent_dim}) * request.temperature, {});
}

torch::Tensor VaeGan::encode(const Batch& batch) { return posterior(batch.x).mean; }

torch::Tensor VaeGan::decode(const torch::Tensor& code, const torch::Tensor&) {
  return mean_of(decoder_->forward(code));
}

torch::Tensor VaeGan::reconstruct(const Batch& batch) { return decode(encode(batch), {}); }

VaeGan::Codes VaeGan::draw_prior(Noise& noise) { return {noise.normal({config_.latent_dim}), {}}; }

torch::Tensor VaeGan::draw_posterior(const Batch& batch, Noise& noise) {
  const auto q = posterior(batch.x);
  return reparametrize(q.mean, q.log_variance, noise.normal({config_.latent_dim}));
}

}  // namespace figment::models
