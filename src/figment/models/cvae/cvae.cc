#include "figment/models/cvae/cvae.h"

#include "figment/model/family.h"
#include "figment/nn/bernoulli.h"
#include "figment/nn/distributions.h"
#include "figment/nn/normal_kl.h"

namespace figment::models {

extern const Family cvae;
constexpr Family cvae = family<Cvae>("cvae", "Conditional variational autoencoder",
                                     "https://papers.nips.cc/paper/5775");

namespace {

constexpr const char* kGuessing = "guess";
constexpr double kFirstLogVariance = -2;  // gaussian: where it starts

}  // namespace

// --- Configuration ---

void CvaeConfig::check(const Problems::Scope& scope) const {
  if (binarize == CvaeBinarization::kSampled && likelihood != CvaeLikelihood::kBernoulli)
    scope.add("binarize", "expected none with the gaussian likelihood, got sampled");
  if (condition == Condition::kPart && likelihood != CvaeLikelihood::kBernoulli)
    scope.add("likelihood", "expected bernoulli with condition = \"part\", got gaussian");
}

void CvaeConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  const bool image = example.modality == Modality::kImage;
  const bool on_class =
      condition == Condition::kClass || condition == Condition::kClassAndAttributes;
  const bool on_attributes =
      condition == Condition::kAttributes || condition == Condition::kClassAndAttributes;
  if (likelihood == CvaeLikelihood::kBernoulli && !image)
    scope.add("likelihood", "expected gaussian for " + example.text() +
                                ": bernoulli is for values in [0, 1], as images have");
  if (on_class && example.classes.empty())
    scope.add("condition", "expected examples with labels, got " + example.text() +
                               "; name their column with data.label_column, or sort images into a "
                               "folder for each class");
  if (on_attributes && example.attributes.empty())
    scope.add("condition", "expected examples with attributes, got " + example.text() +
                               "; name them with data.attributes");
  if (condition == Condition::kPart && (!image || example.shape[1] < 2 || example.shape[2] < 2))
    scope.add("condition",
              "expected images of 2x2 pixels at least for \"part\", got " + example.text());
}

Cvae::Cvae(const Config& config, const ExampleSpec& example) : Model(example), config_(config) {
  const auto& shape = example.shape;
  const auto width = config.embedding;
  if (on_part()) {
    part_ = register_module("part",
                            Part(shape, config.coder, width, config.latent_dim, config.quadrants));
  } else {
    description_ = register_module(
        "description",
        Description(on_class() ? static_cast<int64_t>(example.classes.size()) : 0,
                    on_attributes() ? static_cast<int64_t>(example.attributes.size()) : 0));
    embed_ = register_module("embed", torch::nn::Linear(description_->width(), width));
  }
  if (config.coder.network == Network::kConv)
    plane_ = register_module("plane", torch::nn::Linear(width, shape[1] * shape[2]));
  const auto seen = plane_ ? std::vector<int64_t>{shape[0] + 1, shape[1], shape[2]}
                           : std::vector<int64_t>{example.elements() + width};
  encoder_ = register_module("encoder", Encoder(seen, config.coder, 2 * config.latent_dim));
  decoder_ = register_module("decoder", Decoder(config.latent_dim + width, config.coder, shape));
  if (config.likelihood == CvaeLikelihood::kGaussian)
    log_variance_ = register_parameter("log_variance", torch::full({}, kFirstLogVariance));
}

bool Cvae::on_class() const {
  return config_.condition == Condition::kClass ||
         config_.condition == Condition::kClassAndAttributes;
}

bool Cvae::on_attributes() const {
  return config_.condition == Condition::kAttributes ||
         config_.condition == Condition::kClassAndAttributes;
}

// --- Stages ---

std::vector<Stage> Cvae::stages(int64_t epochs) const {
  if (!on_part()) return {{"train", epochs}};
  return {{kGuessing, config_.guess_epochs}, {"train", epochs}};
}

void Cvae::begin_stage(const Stage& stage) {
  guessing_ = stage.name == kGuessing;
  std::vector<torch::Tensor> learned;
  for (const auto& item : named_parameters()) {
    const bool of_guess = item.key().rfind("part.guess_", 0) == 0;
    // SLY section 4.1: the guess is learned first and then left as it is.
    if (of_guess == guessing_) learned.push_back(item.value());
  }
  optimizer_ = &register_optimizer("all", learned, config_.optimizer);
}

void Cvae::learn_data(const Batch& batch) {
  if (clock().epoch > 0) return;
  if (on_part()) {
    if (clock().step == 0 && guessing_) part_->keep(batch.x);
    return;
  }
  if (clock().step == 0) description_->forget();
  description_->learn(batch);
}

// --- Networks ---

torch::Tensor Cvae::embedding_of(const torch::Tensor& label, const torch::Tensor& attributes,
                                 int64_t n) {
  return embed_(description_->forward(label, attributes, n).to(embed_->weight.dtype()));
}

torch::Tensor Cvae::embedding_of(const Batch& batch) {
  if (on_part()) return part_->embed(batch.x);
  description_->check(batch);
  return embedding_of(batch.label, batch.attributes, batch.size());
}

Cvae::Normal Cvae::posterior(const torch::Tensor& x, const torch::Tensor& embedding) {
  const auto condition =
      plane_ ? plane_(embedding).view({x.size(0), 1, x.size(2), x.size(3)}) : embedding;
  const auto seen = torch::cat({plane_ ? x : x.flatten(1), condition}, 1);
  const auto parts = encoder_(seen).chunk(2, 1);
  return {parts[0], parts[1]};
}

Cvae::Normal Cvae::prior(const torch::Tensor& embedding) {
  if (!on_part()) {
    const auto zero = torch::zeros({embedding.size(0), config_.latent_dim}, embedding.options());
    return {zero, zero};
  }
  const auto parts = part_->prior(embedding).chunk(2, 1);
  return {parts[0], parts[1]};
}

torch::Tensor Cvae::output(const torch::Tensor& code, const torch::Tensor& embedding) {
  return decoder_(torch::cat({code, embedding}, 1));
}

torch::Tensor Cvae::log_likelihood(const torch::Tensor& x, const torch::Tensor& output) const {
  if (on_part()) return part_->log_likelihood(x, output);
  if (log_variance_.defined()) return gaussian_log_prob(x, output, log_variance_);
  return bernoulli_log_prob(output, x);
}

torch::Tensor Cvae::mean_of(const torch::Tensor& output) const {
  return log_variance_.defined() ? output : torch::sigmoid(output);
}

// --- Steps ---

Cvae::Terms Cvae::terms(const torch::Tensor& x, const Batch& batch, const torch::Tensor& epsilon) {
  auto given = batch;
  given.x = x;
  const auto e = embedding_of(given);
  const auto q = posterior(x, e);
  const auto z = reparametrize(q.mean, q.log_variance, epsilon);
  const auto reconstruction = log_likelihood(x, output(z, e));
  if (!on_part()) return {reconstruction, kl_standard_normal(q.mean, q.log_variance)};
  const auto p = prior(e);
  // SLY eq. 4: q(z | x, y) against p(z | x).
  return {reconstruction, kl_normal(q.mean, q.log_variance, p.mean, p.log_variance)};
}

Metrics Cvae::guess_step(const Batch& batch) {
  return {{"loss", -part_->log_likelihood(batch.x, part_->guess(batch.x)).mean()}};
}

Metrics Cvae::training_step(const Batch& batch) {
  if (description_) description_->check(batch);
  learn_data(batch);
  if (guessing_) {
    const auto loss = guess_step(batch)[0].second;
    optimizer_->minimize(loss);
    return {{"loss", loss.detach()}};
  }
  const auto x =
      config_.binarize == CvaeBinarization::kSampled ? torch::bernoulli(batch.x) : batch.x;
  const auto t = terms(x, batch, torch::randn({x.size(0), config_.latent_dim}, batch.x.options()));
  const auto reconstruction = t.reconstruction.mean(), kl = t.kl.mean();
  const auto loss = config_.beta * kl - reconstruction;
  optimizer_->minimize(loss);
  return {{"loss", loss.detach()},
          {"reconstruction", reconstruction.detach()},
          {"kl", kl.detach()},
          {"elbo", (reconstruction - kl).detach()}};
}

Metrics Cvae::validation_step(const Batch& batch) {
  if (guessing_) return guess_step(batch);
  const auto x =
      config_.binarize == CvaeBinarization::kSampled ? torch::bernoulli(batch.x) : batch.x;
  const auto t = terms(x, batch, torch::randn({x.size(0), config_.latent_dim}, batch.x.options()));
  const auto reconstruction = t.reconstruction.mean(), kl = t.kl.mean();
  return {{"loss", config_.beta * kl - reconstruction},
          {"reconstruction", reconstruction},
          {"kl", kl},
          {"elbo", reconstruction - kl}};
}

}  // namespace figment::models
