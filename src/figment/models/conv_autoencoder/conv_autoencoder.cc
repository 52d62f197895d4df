#include "figment/models/conv_autoencoder/conv_autoencoder.h"

#include <algorithm>
#include <string>

#include "figment/core/error.h"
#include "figment/model/family.h"

namespace figment::models {

extern const Family conv_autoencoder;
constexpr Family conv_autoencoder = family<ConvAutoencoder>(
    "conv_autoencoder", "Convolutional autoencoder", "https://doi.org/10.1007/978-3-642-21735-7_7");

void ConvAutoencoderConfig::check_example(const ExampleSpec& example,
                                          const Problems::Scope& scope) const {
  if (example.modality != Modality::kImage) {
    scope.add("coder", "expected images, got " + example.text() +
                           "; the family autoencoder takes examples of any shape");
    return;
  }
  if (of_counts(loss))
    scope.add("loss",
              "expected squared_error, bounded_squared_error or cross_entropy, got a loss "
              "of counts; the family autoencoder has it");
  check_levels(coder, example.shape, scope.inner("coder"));
}

ConvAutoencoder::ConvAutoencoder(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      levels_(levels_of(example.shape, config.coder)),
      encoder_(register_module("encoder",
                               MapEncoder(example.shape, config.coder, config.code_channels))),
      decoder_(register_module("decoder",
                               MapDecoder(example.shape, config.coder, config.code_channels))),
      optimizer_(register_optimizer("all", parameters(), config.optimizer)) {}

torch::Tensor ConvAutoencoder::output_of(const torch::Tensor& x) {
  return decoder_->forward(encoder_->forward(x));
}

Metrics ConvAutoencoder::training_step(const Batch& batch) {
  const auto damaged = figment::corrupt(config_.corruption, batch.x);
  const auto value = reconstruction_loss(config_.loss, output_of(damaged), batch.x);
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics ConvAutoencoder::validation_step(const Batch& batch) {
  const auto output = output_of(batch.x);
  const auto error = mean_sse(reconstruction_of(config_.loss, output), batch.x);
  if (!config_.corruption.any())
    return {{"loss", reconstruction_loss(config_.loss, output, batch.x)},
            {"reconstruction_sse", error}};
  const auto restored = output_of(figment::corrupt(config_.corruption, batch.x));
  return {{"loss", reconstruction_loss(config_.loss, restored, batch.x)},
          {"reconstruction_sse", error},
          {"restored_sse", mean_sse(reconstruction_of(config_.loss, restored), batch.x)}};
}

int64_t ConvAutoencoder::map_size() const {
  return config_.code_channels * levels_.back()[1] * levels_.back()[2];
}

int64_t ConvAutoencoder::code_dim() const {
  auto width = map_size();
  if (config_.coder.up == MapUpsampling::kUnpool)
    for (std::size_t i = 1; i < levels_.size(); ++i)
      width += levels_[i][0] * levels_[i][1] * levels_[i][2];
  return width;
}

torch::Tensor ConvAutoencoder::encode(const Batch& batch) {
  const auto code = encoder_->forward(batch.x);
  std::vector<torch::Tensor> parts = {code.map.flatten(1)};
  if (config_.coder.up == MapUpsampling::kUnpool)
    for (const auto& switches : code.switches)
      parts.push_back(switches.flatten(1).to(code.map.scalar_type()));
  return torch::cat(parts, 1);
}

torch::Tensor ConvAutoencoder::decode(const torch::Tensor& code, const torch::Tensor&) {
  FIGMENT_CHECK(code.size(1) == code_dim());
  auto at = map_size();
  MapCode parts;
  parts.map = code.narrow(1, 0, at).reshape(
      {code.size(0), config_.code_channels, levels_.back()[1], levels_.back()[2]});
  if (config_.coder.up == MapUpsampling::kUnpool)
    for (std::size_t i = 1; i < levels_.size(); ++i) {
      const auto [channels, height, width] = levels_[i];
      const auto size = channels * height * width;
      parts.switches.push_back(code.narrow(1, at, size)
                                   .reshape({code.size(0), channels, height, width})
                                   .round()
                                   .clamp(0, 3)
                                   .to(torch::kLong));
      at += size;
    }
  return reconstruction_of(config_.loss, decoder_->forward(parts));
}

torch::Tensor ConvAutoencoder::reconstruct(const Batch& batch) { return restore(batch.x); }

torch::Tensor ConvAutoencoder::corrupt(const torch::Tensor& x, Noise& noise) {
  return figment::corrupt(config_.corruption, x, noise);
}

torch::Tensor ConvAutoencoder::restore(const torch::Tensor& damaged) {
  return reconstruction_of(config_.loss, output_of(damaged));
}

torch::Tensor ConvAutoencoder::complete(const Batch& batch, const torch::Tensor& mask, Noise&) {
  return restore(hide(config_.corruption, batch.x, mask));
}

}  // namespace figment::models
