#include "figment/models/autoencoder/autoencoder.h"

#include "figment/core/error.h"
#include "figment/model/family.h"

namespace figment::models {

extern const Family autoencoder;
constexpr Family autoencoder =
    family<Autoencoder>("autoencoder", "Autoencoder", "https://doi.org/10.1126/science.1127647");

namespace {

// The longest way of a blend: half way, and it is as much the other example as its own.
constexpr double kBlendReach = 0.5;

}  // namespace

void AutoencoderConfig::check(const Problems::Scope& scope) const {
  if (of_counts(loss) && corruption.any() && !corruption.hides())
    scope.inner("corruption")
        .add("kind", std::string("expected masking, centre, block or none with loss = \"") +
                         name_of_enum(loss) + "\": " + name_of_enum(corruption.kind) +
                         " makes counts below 0, which there are none of");
}

void AutoencoderConfig::check_example(const ExampleSpec& example,
                                      const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  if (bounded(loss) && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error for " + example.text() +
                          ": the others are for values in [0, 1], as images have");
  if (of_counts(loss) && example.modality == Modality::kImage)
    scope.add("loss", "expected squared_error, bounded_squared_error or cross_entropy for " +
                          example.text() +
                          ": multinomial and poisson are for counts, such as those of words");
}

Autoencoder::Autoencoder(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      extremes_(example.modality == Modality::kImage ? kPixels : kStandardised),
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

torch::Tensor Autoencoder::output_of(const torch::Tensor& x) {
  return decoder_->forward(code_of(x));
}

torch::Tensor Autoencoder::mean_of(const torch::Tensor& output, const torch::Tensor& x) const {
  const auto total = of_counts(config_.loss) ? x.flatten(1).sum(1, true) : torch::Tensor();
  return reconstruction_of(config_.loss, output, total);
}

torch::Tensor Autoencoder::noisy(const torch::Tensor& code) const {
  if (config_.code_noise == 0) return code;
  // A share of each number's own deviation, or the encoder would drown the noise in larger codes.
  const auto deviation = code.detach().std(0, /*unbiased=*/false, /*keepdim=*/true);  // [1, latent]
  return code + config_.code_noise * deviation * torch::randn_like(code);
}

torch::Tensor Autoencoder::blend(const torch::Tensor& x, const torch::Tensor& code,
                                 const torch::Tensor& output) {
  const torch::NoGradGuard no_grad;
  const auto n = x.size(0);
  const auto other = code.index_select(0, torch::randperm(n, code.options().dtype(torch::kLong)));
  const auto share = kBlendReach * torch::rand({n, 1}, code.options());
  const auto moved = decoder_->forward(code + share * (other - code));
  // What the code has no room for stays that of the example, so that blends look like examples.
  const auto blended = x + mean_of(moved, x) - mean_of(output, x);
  if (example().modality == Modality::kImage) return blended.clamp(0, 1);
  return of_counts(config_.loss) ? blended.clamp_min(0) : blended;
}

Metrics Autoencoder::training_step(const Batch& batch) {
  // Vincent et al. 2010, section 3.1: from the damaged example to the clean one.
  const auto damaged = figment::corrupt(config_.corruption, batch.x, extremes_);
  const auto code = noisy(code_of(damaged));
  const auto output = decoder_->forward(code);
  auto value = reconstruction_loss(config_.loss, output, batch.x);
  if (config_.blending > 0) {
    const auto x = blend(batch.x, code, output);
    const auto seen = figment::corrupt(config_.corruption, x, extremes_);
    value = value + config_.blending * reconstruction_loss(config_.loss, output_of(seen), x);
  }
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics Autoencoder::validation_step(const Batch& batch) {
  const auto output = output_of(batch.x);
  const auto error = mean_sse(mean_of(output, batch.x), batch.x);
  if (!config_.corruption.any())
    return {{"loss", reconstruction_loss(config_.loss, output, batch.x)},
            {"reconstruction_sse", error}};
  const auto damaged = figment::corrupt(config_.corruption, batch.x, extremes_);
  const auto restored = output_of(damaged);
  // Of as many counts as the damaged one has: restore() knows no others.
  return {{"loss", reconstruction_loss(config_.loss, restored, batch.x)},
          {"reconstruction_sse", error},
          {"restored_sse", mean_sse(mean_of(restored, damaged), batch.x)}};
}

torch::Tensor Autoencoder::encode(const Batch& batch) { return code_of(batch.x); }

torch::Tensor Autoencoder::decode(const torch::Tensor& code, const torch::Tensor&) {
  return reconstruction_of(config_.loss, decoder_->forward(code));
}

torch::Tensor Autoencoder::reconstruct(const Batch& batch) { return restore(batch.x); }

torch::Tensor Autoencoder::corrupt(const torch::Tensor& x, Noise& noise) {
  return figment::corrupt(config_.corruption, x, noise, extremes_);
}

torch::Tensor Autoencoder::restore(const torch::Tensor& damaged) {
  return mean_of(output_of(damaged), damaged);
}

torch::Tensor Autoencoder::complete(const Batch& batch, const torch::Tensor& mask, Noise&) {
  return restore(hide(config_.corruption, batch.x, mask, extremes_));
}

}  // namespace figment::models
