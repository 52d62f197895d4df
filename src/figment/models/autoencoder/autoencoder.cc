#include "figment/models/autoencoder/autoencoder.h"

#include "figment/model/family.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family autoencoder;
constexpr Family autoencoder =
    family<Autoencoder>("autoencoder", "Autoencoder", "https://doi.org/10.1126/science.1127647");

void AutoencoderConfig::check_example(const ExampleSpec& example,
                                      const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  if (loss == ReconstructionLoss::kCrossEntropy && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error for " + example.text() +
                          ": cross-entropy is for values in [0, 1], as images have");
}

Autoencoder::Autoencoder(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      encoder_(register_module("encoder", Encoder(example.shape, config.coder, config.latent_dim))),
      decoder_(register_module("decoder", Decoder(config.latent_dim, config.coder, example.shape))),
      optimizer_(register_optimizer("all", parameters(), config.optimizer)) {}

torch::Tensor Autoencoder::loss(const torch::Tensor& x, const torch::Tensor& output) const {
  if (config_.loss == ReconstructionLoss::kCrossEntropy)
    return -bernoulli_log_prob(output, x).mean();
  return (output - x).square().flatten(1).sum(1).mean();
}

torch::Tensor Autoencoder::mean_of(const torch::Tensor& output) const {
  return config_.loss == ReconstructionLoss::kCrossEntropy ? torch::sigmoid(output) : output;
}

Metrics Autoencoder::training_step(const Batch& batch) {
  const auto value = loss(batch.x, decoder_->forward(encoder_->forward(batch.x)));
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics Autoencoder::validation_step(const Batch& batch) {
  const auto output = decoder_->forward(encoder_->forward(batch.x));
  const auto error = (mean_of(output) - batch.x).square().flatten(1).sum(1).mean();
  return {{"loss", loss(batch.x, output)}, {"reconstruction_sse", error}};
}

torch::Tensor Autoencoder::encode(const Batch& batch) { return encoder_->forward(batch.x); }

torch::Tensor Autoencoder::decode(const torch::Tensor& code, const torch::Tensor&) {
  return mean_of(decoder_->forward(code));
}

torch::Tensor Autoencoder::reconstruct(const Batch& batch) {
  return mean_of(decoder_->forward(encoder_->forward(batch.x)));
}

}  // namespace figment::models
