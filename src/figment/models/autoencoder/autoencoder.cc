#include "figment/models/autoencoder/autoencoder.h"

#include "figment/core/error.h"
#include "figment/model/family.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family autoencoder;
constexpr Family autoencoder =
    family<Autoencoder>("autoencoder", "Autoencoder", "https://doi.org/10.1126/science.1127647");

namespace {

bool of_counts(ReconstructionLoss loss) {
  return loss == ReconstructionLoss::kMultinomial || loss == ReconstructionLoss::kPoisson;
}

}  // namespace

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

torch::Tensor Autoencoder::code_of(const torch::Tensor& x) {
  if (!of_counts(config_.loss)) return encoder_->forward(x);
  if (x.min().item<float>() < 0)
    fail(Cause::kData, "model.loss", "expected counts, of at least 0, got ", x.min().item<float>(),
         "; set data.scaling = \"none\", or model.loss = \"squared_error\" if these are no counts");
  return encoder_->forward(x.log1p());
}

torch::Tensor Autoencoder::loss(const torch::Tensor& x, const torch::Tensor& output) const {
  switch (config_.loss) {
    case ReconstructionLoss::kCrossEntropy:
      return -bernoulli_log_prob(output, x).mean();
    case ReconstructionLoss::kMultinomial:
      return -multinomial_log_prob(output, x).mean();
    case ReconstructionLoss::kPoisson:
      return -poisson_log_prob(output, x).mean();
    default:
      return (output - x).square().flatten(1).sum(1).mean();
  }
}

torch::Tensor Autoencoder::mean_of(const torch::Tensor& output) const {
  switch (config_.loss) {
    case ReconstructionLoss::kCrossEntropy:
      return torch::sigmoid(output);
    case ReconstructionLoss::kMultinomial:
      return torch::softmax(output.flatten(1), 1).view_as(output);
    case ReconstructionLoss::kPoisson:
      return torch::exp(output);
    default:
      return output;
  }
}

torch::Tensor Autoencoder::mean_for(const torch::Tensor& x, const torch::Tensor& output) const {
  const auto mean = mean_of(output);
  if (config_.loss != ReconstructionLoss::kMultinomial) return mean;
  return (mean.flatten(1) * x.flatten(1).sum(1, true)).view_as(x);
}

Metrics Autoencoder::training_step(const Batch& batch) {
  const auto value = loss(batch.x, output_of(batch.x));
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics Autoencoder::validation_step(const Batch& batch) {
  const auto output = output_of(batch.x);
  const auto error = (mean_for(batch.x, output) - batch.x).square().flatten(1).sum(1).mean();
  return {{"loss", loss(batch.x, output)}, {"reconstruction_sse", error}};
}

torch::Tensor Autoencoder::encode(const Batch& batch) { return code_of(batch.x); }

torch::Tensor Autoencoder::decode(const torch::Tensor& code, const torch::Tensor&) {
  return mean_of(decoder_->forward(code));
}

torch::Tensor Autoencoder::reconstruct(const Batch& batch) {
  return mean_for(batch.x, output_of(batch.x));
}

}  // namespace figment::models
