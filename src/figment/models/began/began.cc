#include "figment/models/began/began.h"

#include <cmath>

#include "figment/model/family.h"
#include "figment/nn/fixed_weights.h"

namespace figment::models {

extern const Family began;
constexpr Family began =
    family<Began>("began", "Boundary equilibrium generative adversarial network",
                  "https://arxiv.org/abs/1703.10717");

void BeganConfig::check(const Problems::Scope& scope) const {
  if (discriminator_optimizer.average > 0)
    scope.inner("discriminator_optimizer")
        .add("average", "expected 0: an average is for what makes the samples, the generator");
}

void BeganConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(encoder, example.shape, scope.inner("encoder"));
  check_generator(generator, example.shape, scope.inner("generator"));
}

Began::Began(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      generator_(register_module("generator",
                                 Generator(config.latent_dim, config.generator, example.shape))),
      encoder_(
          register_module("encoder", Encoder(example.shape, config.encoder, config.latent_dim))),
      decoder_(register_module("decoder",
                               Generator(config.latent_dim, config.generator, example.shape))),
      balance_(register_buffer("balance", torch::zeros({1}))),
      generator_optimizer_(
          register_optimizer("generator", generator_->parameters(), config.optimizer)),
      discriminator_optimizer_([&]() -> Optimizer& {
        auto both = encoder_->parameters();
        for (const auto& parameter : decoder_->parameters()) both.push_back(parameter);
        return register_optimizer("discriminator", both, config.discriminator_optimizer);
      }()) {}

torch::Tensor Began::seen(const torch::Tensor& x) const {
  return example().modality == Modality::kImage ? 2 * x - 1 : x;
}

torch::Tensor Began::shown(const torch::Tensor& x) const {
  return example().modality == Modality::kImage ? (x + 1) / 2 : x;
}

torch::Tensor Began::bounded(const torch::Tensor& x) const {
  return example().modality == Modality::kImage ? torch::tanh(x) : x;
}

torch::Tensor Began::again(const torch::Tensor& x) {
  return bounded(decoder_->forward(encoder_->forward(x)));
}

torch::Tensor Began::error(const torch::Tensor& x) {
  return (x - again(x)).abs().mean();  // BEGAN eq. 1, eta = 1
}

// BEGAN section 3.4, "BEGAN's objective". The generator learns from the discriminator after its
// step, of the same codes.
Metrics Began::training_step(const Batch& batch) {
  const auto truth = seen(batch.x);
  const auto z = 2 * torch::rand({truth.size(0), config_.latent_dim}, truth.options()) - 1;
  const auto made = bounded(generator_->forward(z));
  const auto of_truth = error(truth), of_made = error(made.detach());
  const double k = balance();
  discriminator_optimizer_.minimize(of_truth - k * of_made);  // L_D
  torch::Tensor fooling;
  {
    const FixedWeights encoder(*encoder_), decoder(*decoder_);
    fooling = error(made);  // L_G
    generator_optimizer_.minimize(fooling);
  }
  const double gap = config_.gamma * of_truth.item<double>() - fooling.item<double>();
  {
    const torch::NoGradGuard no_grad;
    balance_.add_(config_.balance_rate * gap).clamp_(0, 1);
  }
  return {{"convergence", of_truth.detach() + std::abs(gap)},  // BEGAN section 3.4.1
          {"true_error", of_truth.detach()},
          {"made_error", fooling.detach()},
          {"balance", balance_.detach().clone().squeeze()}};
}

// None is called "loss": the convergence falls where both sides agree, also on too few examples.
Metrics Began::validation_step(const Batch& batch) {
  const auto truth = seen(batch.x);
  const auto z = 2 * torch::rand({truth.size(0), config_.latent_dim}, truth.options()) - 1;
  const auto of_truth = error(truth), of_made = error(bounded(generator_->forward(z)));
  return {{"convergence", of_truth + (config_.gamma * of_truth - of_made).abs()},
          {"true_error", of_truth},
          {"made_error", of_made}};
}

torch::Tensor Began::sample(const SampleRequest& request) {
  return decode(draw_prior(*request.noise).z * request.temperature, {});
}

torch::Tensor Began::decode(const torch::Tensor& code, const torch::Tensor&) {
  return shown(bounded(generator_->forward(code)));
}

torch::Tensor Began::reconstruct(const Batch& batch) { return shown(again(seen(batch.x))); }

Began::Codes Began::draw_prior(Noise& noise) {
  return {2 * noise.uniform({config_.latent_dim}) - 1, {}};
}

}  // namespace figment::models
