#include "figment/models/autoencoder/autoencoder.h"

#include "figment/model/family.h"

namespace figment::models {

extern const Family autoencoder;
constexpr Family autoencoder =
    family<Autoencoder>("autoencoder", "Autoencoder", "https://doi.org/10.1126/science.1127647");

void AutoencoderConfig::check_example(const ExampleSpec& example,
                                      const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  if (bounded(loss) && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error for " + example.text() +
                          ": the others are for values in [0, 1], as images have");
}

Autoencoder::Autoencoder(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      extremes_(example.modality == Modality::kImage ? kPixels : kStandardised),
      encoder_(register_module("encoder", Encoder(example.shape, config.coder, config.latent_dim))),
      decoder_(register_module("decoder", Decoder(config.latent_dim, config.coder, example.shape))),
      optimizer_(register_optimizer("all", parameters(), config.optimizer)) {}

torch::Tensor Autoencoder::output_of(const torch::Tensor& x) {
  return decoder_->forward(encoder_->forward(x));
}

torch::Tensor Autoencoder::noisy(const torch::Tensor& code) const {
  if (config_.code_noise == 0) return code;
  // A share of each number's own deviation, or the encoder would drown the noise in larger codes.
  const auto deviation = code.detach().std(0, /*unbiased=*/false, /*keepdim=*/true);  // [1, latent]
  return code + config_.code_noise * deviation * torch::randn_like(code);
}

Metrics Autoencoder::training_step(const Batch& batch) {
  // Vincent et al. 2010, section 3.1: from the damaged example to the clean one.
  const auto damaged = figment::corrupt(config_.corruption, batch.x, extremes_);
  const auto code = noisy(encoder_->forward(damaged));
  const auto value = reconstruction_loss(config_.loss, decoder_->forward(code), batch.x);
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics Autoencoder::validation_step(const Batch& batch) {
  const auto output = output_of(batch.x);
  const auto error = mean_sse(reconstruction_of(config_.loss, output), batch.x);
  if (!config_.corruption.any())
    return {{"loss", reconstruction_loss(config_.loss, output, batch.x)},
            {"reconstruction_sse", error}};
  const auto restored = output_of(figment::corrupt(config_.corruption, batch.x, extremes_));
  return {{"loss", reconstruction_loss(config_.loss, restored, batch.x)},
          {"reconstruction_sse", error},
          {"restored_sse", mean_sse(reconstruction_of(config_.loss, restored), batch.x)}};
}

torch::Tensor Autoencoder::encode(const Batch& batch) { return encoder_->forward(batch.x); }

torch::Tensor Autoencoder::decode(const torch::Tensor& code, const torch::Tensor&) {
  return reconstruction_of(config_.loss, decoder_->forward(code));
}

torch::Tensor Autoencoder::reconstruct(const Batch& batch) { return restore(batch.x); }

torch::Tensor Autoencoder::corrupt(const torch::Tensor& x, Noise& noise) {
  return figment::corrupt(config_.corruption, x, noise, extremes_);
}

torch::Tensor Autoencoder::restore(const torch::Tensor& damaged) {
  return reconstruction_of(config_.loss, output_of(damaged));
}

}  // namespace figment::models
