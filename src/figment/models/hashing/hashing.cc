#include "figment/models/hashing/hashing.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/model/family.h"
#include "figment/nn/bernoulli.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family hashing;
constexpr Family hashing =
    family<Hashing>("hashing", "Semantic hashing", "https://doi.org/10.1016/j.ijar.2008.11.006");

namespace {

bool is_of_counts(HashingLoss loss) {
  return loss == HashingLoss::kMultinomial || loss == HashingLoss::kPoisson;
}

CoderConfig decoder_of(const HashingConfig& config) {
  auto coder = config.coder;
  if (!config.linear_decoder) return coder;
  coder.network = Network::kMlp;
  coder.hidden.clear();
  return coder;
}

// Rows of mean square 1, as the initial weights expect; rows of zeros stay.
torch::Tensor unit_mean_square(const torch::Tensor& x) {
  const auto length = std::sqrt(static_cast<double>(x.size(1)));
  return x * (length / x.norm(2, 1, true).clamp_min(1e-12));
}

// Rows that sum to 1; rows of zeros stay.
torch::Tensor shares(const torch::Tensor& x) { return x / x.sum(1, true).clamp_min(1e-12); }

}  // namespace

void HashingConfig::check(const Problems::Scope& scope) const {
  if (!is_of_counts(loss) && input != HashingInput::kAsIs)
    scope.add("input", "expected as_is unless the loss is of counts (multinomial, poisson)");
  if (loss != HashingLoss::kMultinomial && target != HashingTarget::kCounts)
    scope.add("target", "expected counts unless the loss is multinomial");
}

void HashingConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  if (loss == HashingLoss::kCrossEntropy && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error, or multinomial or poisson of counts, for " +
                          example.text() +
                          ": cross_entropy is for values in [0, 1], as images have");
  if (is_of_counts(loss) && example.modality != Modality::kVector)
    scope.add("loss", "expected cross_entropy or squared_error for " + example.text() +
                          ": multinomial and poisson are for vectors of counts");
}

Hashing::Hashing(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      encoder_(register_module("encoder", Encoder(example.shape, config.coder, config.bits))),
      decoder_(register_module("decoder", Decoder(config.bits, decoder_of(config), example.shape))),
      optimizer_(register_optimizer("all", parameters(), config.optimizer)) {
  if (!weighs_words()) return;
  documents_ = register_buffer("documents", torch::zeros({}));
  documents_with_ = register_buffer("documents_with", torch::zeros({example.elements()}));
}

bool Hashing::weighs_words() const {
  return config_.input == HashingInput::kTfidf || config_.target == HashingTarget::kTfidf;
}

double Hashing::noise_now() const {
  if (config_.noise_warmup_steps == 0) return config_.noise;
  const auto share =
      static_cast<double>(clock().step) / static_cast<double>(config_.noise_warmup_steps);
  return config_.noise * std::min(1.0, share);
}

void Hashing::check_counts(const torch::Tensor& x) const {
  const auto least = x.min().item<float>();
  if (least < 0)
    fail(Cause::kData, "model.loss", "expected counts of at least 0 for ",
         name_of_enum(config_.loss), ", got ", least, "; set data.scaling to none");
}

// In the first epoch, which sees every document once; later weights must not change any more.
void Hashing::count_documents(const torch::Tensor& x) {
  if (!weighs_words() || clock().epoch > 0) return;
  torch::NoGradGuard no_grad;
  documents_ += static_cast<double>(x.size(0));
  documents_with_ += (x > 0).sum(0);
}

torch::Tensor Hashing::inverse_document_frequency() const {
  const auto weight = ((documents_ + 1) / (documents_with_ + 1)).log();
  return torch::where(documents_ > 0, weight, torch::ones_like(weight));
}

torch::Tensor Hashing::tfidf(const torch::Tensor& x) const {
  return x.log1p() * inverse_document_frequency();
}

torch::Tensor Hashing::input_of(const torch::Tensor& x) const {
  if (is_of_counts(config_.loss)) check_counts(x);
  switch (config_.input) {
    case HashingInput::kLog1p:
      return x.log1p();
    case HashingInput::kFrequency:
      return unit_mean_square(x);
    case HashingInput::kTfidf:
      return unit_mean_square(tfidf(x));
    case HashingInput::kAsIs:
      break;
  }
  return x;
}

torch::Tensor Hashing::logits(const torch::Tensor& x) {
  return encoder_->forward(torch::dropout(input_of(x), config_.dropout, is_training()));
}

torch::Tensor Hashing::loss(const torch::Tensor& x, const torch::Tensor& output) const {
  switch (config_.loss) {
    case HashingLoss::kCrossEntropy:
      return -bernoulli_log_prob(output, x).mean();
    case HashingLoss::kMultinomial:
      if (config_.target == HashingTarget::kTfidf)
        return -(shares(tfidf(x)) * torch::log_softmax(output, 1)).sum(1).mean();
      return -multinomial_log_prob(output, x).mean();
    case HashingLoss::kPoisson:
      return -poisson_log_prob(output, x).mean();
    case HashingLoss::kSquaredError:
      break;
  }
  return (output - x).square().flatten(1).sum(1).mean();
}

Metrics Hashing::training_step(const Batch& batch) {
  count_documents(batch.x);
  const auto clean = logits(batch.x);
  const auto code = torch::sigmoid(clean + noise_now() * torch::randn_like(clean));
  const auto value = loss(batch.x, decoder_->forward(code));
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics Hashing::validation_step(const Batch& batch) {
  const auto p = torch::sigmoid(logits(batch.x));
  const auto bits = (p > 0.5).to(p.scalar_type());
  // Judged by the bits, for it is they that are used.
  return {{"loss", loss(batch.x, decoder_->forward(bits))},
          {"probabilities_loss", loss(batch.x, decoder_->forward(p))},
          {"decided", ((p < 0.1) | (p > 0.9)).to(p.scalar_type()).mean()}};
}

torch::Tensor Hashing::encode(const Batch& batch) { return torch::sigmoid(logits(batch.x)); }

torch::Tensor Hashing::hash(const Batch& batch) { return (logits(batch.x) > 0).to(torch::kByte); }

torch::Tensor Hashing::decode(const torch::Tensor& code, const torch::Tensor&) {
  const auto output = decoder_->forward(code);
  switch (config_.loss) {
    case HashingLoss::kCrossEntropy:
      return torch::sigmoid(output);
    case HashingLoss::kMultinomial:
      return torch::softmax(output, 1);
    case HashingLoss::kPoisson:
      return torch::exp(output);
    case HashingLoss::kSquaredError:
      break;
  }
  return output;
}

torch::Tensor Hashing::reconstruct(const Batch& batch) {
  const auto mean = decode(encode(batch), {});
  if (config_.loss != HashingLoss::kMultinomial) return mean;
  const auto words = batch.x.sum(1, true);
  if (config_.target == HashingTarget::kCounts) return mean * words;
  // From shares of the document's weight back to counts, of which none is above the sum of all.
  const auto weight = inverse_document_frequency().clamp_min(1e-6);
  const auto log_counts = mean * tfidf(batch.x).sum(1, true) / weight;
  return torch::minimum(log_counts, words.log1p()).expm1();
}

}  // namespace figment::models
