#include "figment/models/aae/aae.h"

#include <filesystem>
#include <string>

#include "figment/core/error.h"
#include "figment/data/npy.h"
#include "figment/model/family.h"
#include "figment/nn/distributions.h"

namespace figment::models {

extern const Family aae;
constexpr Family aae =
    family<Aae>("aae", "Adversarial autoencoder", "https://arxiv.org/abs/1511.05644");

namespace {

constexpr const char* kChoosing = "choose labels";
constexpr const char* kPlacing = "place labels";
constexpr double kLogVarianceLimit =
    12;                             // beyond it no code is meant, and the exponential overflows
constexpr int64_t kMeanDraws = 16;  // of a universal posterior, to encode
constexpr std::uint64_t kMeanSeed = 0;

// The shape of what the encoder reads.
std::vector<int64_t> input_shape(const AaeConfig& config, const ExampleSpec& example) {
  if (config.posterior != AaePosterior::kUniversal) return example.shape;
  if (config.coder.network == Network::kMlp) return {example.elements() + config.noise_dim};
  auto shape = example.shape;
  ++shape[0];
  return shape;
}

}  // namespace

void AaeConfig::check(const Problems::Scope& scope) const {
  check_prior(prior, latent_dim, scope.inner("prior"));
  if (of_counts(loss))
    scope.add("loss", std::string("expected squared_error, bounded_squared_error or "
                                  "cross_entropy, got ") +
                          name_of_enum(loss));
  if (labels && (prior.kind == PriorKind::kNormal || prior.kind == PriorKind::kFile))
    scope.add(
        "labels",
        std::string("expected a prior with a part for each class, mixture or swiss_roll, got ") +
            name_of_enum(prior.kind) + "; set prior.kind");
  if (labelled > 0 && !labels)
    scope.add("labelled",
              "expected 0 with labels = false, which uses none, got " + std::to_string(labelled));
  if (adversarial_loss == AdversarialLoss::kWasserstein &&
      discriminator.normalization != DiscriminatorNorm::kSpectral)
    scope.add("adversarial_loss",
              "expected discriminator.normalization = \"spectral\" with wasserstein: without a "
              "bound on its slope a discriminator has no least loss");
  if (encoder_optimizer.average > 0)
    scope.inner("encoder_optimizer")
        .add("average", "expected 0: the encoder's average is kept by optimizer");
}

void AaeConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  check_discriminator(discriminator, {latent_dim}, scope.inner("discriminator"));
  if (bounded(loss) && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error for " + example.text() +
                          ": the others are for values in [0, 1], as images have");
  if (!labels) return;
  const auto classes = static_cast<int64_t>(example.classes.size());
  if (classes == 0)
    scope.add("labels", "expected false for " + example.text() +
                            " without labels; name their column with data.label_column");
  else if (prior.parts != classes)
    scope.inner("prior").add("parts", "expected " + std::to_string(classes) +
                                          ", one for each class, got " +
                                          std::to_string(prior.parts));
  else if (labelled > 0 && labelled < classes)
    scope.add("labelled", "expected at least one example of each of the " +
                              std::to_string(classes) + " classes, got " +
                              std::to_string(labelled));
}

Aae::Aae(const Config& config, const ExampleSpec& example)
    : Aae(config, example,
          config.prior.kind == PriorKind::kFile ? nullptr
                                                : make_prior(config.prior, config.latent_dim)) {}

Aae::Aae(const Config& config, const ExampleSpec& example, std::shared_ptr<const Prior> prior)
    : Model(example),
      config_(config),
      prior_(std::move(prior)),
      encoder_(register_module(
          "encoder", Encoder(input_shape(config, example), config.coder,
                             config.posterior == AaePosterior::kGaussian ? 2 * config.latent_dim
                                                                         : config.latent_dim))),
      decoder_(register_module("decoder", Decoder(config.latent_dim, config.coder, example.shape))),
      discriminator_(register_module(
          "discriminator",
          Discriminator(std::vector<int64_t>{config.latent_dim}, config.discriminator,
                        config.labels ? static_cast<int64_t>(example.classes.size()) + 1 : 0))),
      autoencoder_optimizer_([&]() -> Optimizer& {
        auto both = encoder_->parameters();
        for (const auto& parameter : decoder_->parameters()) both.push_back(parameter);
        return register_optimizer("reconstruction", both, config.optimizer);
      }()),
      discriminator_optimizer_(register_optimizer("discriminator", discriminator_->parameters(),
                                                  config.discriminator_optimizer)),
      encoder_optimizer_(
          register_optimizer("encoder", encoder_->parameters(), config.encoder_optimizer)) {
  const auto classes = static_cast<int64_t>(example.classes.size());
  if (prior_ == nullptr) {
    prior_codes_ =
        register_buffer("prior_codes", torch::zeros({config.prior.file_rows, config.latent_dim}));
    prior_count_ = register_buffer("prior_count", torch::zeros({}, torch::kLong));
    prior_ = stored_prior(prior_codes_, prior_count_);
  }
  FIGMENT_CHECK(prior_->dim() == config.latent_dim);
  FIGMENT_CHECK(!config.labels || prior_->parts() == classes);
  if (config.labelled == 0) return;
  choice_ = LabelChoice(config.labelled, classes, example.elements());
  choice_.x = register_buffer("labelled_x", choice_.x);
  choice_.label = register_buffer("labelled_label", choice_.label);
  choice_.checksums = register_buffer("labelled_checksum", choice_.checksums);
}

// --- Stages ---

std::vector<Stage> Aae::stages(int64_t epochs) const {
  if (choice_.size() == 0) return {{"train", epochs}};
  std::vector<Stage> out = {{kChoosing, 1}};
  if (config_.placing_epochs > 0) out.push_back({kPlacing, config_.placing_epochs});
  out.push_back({"train", epochs});
  return out;
}

void Aae::begin_stage(const Stage& stage) {
  choosing_ = stage.name == kChoosing;
  placing_ = stage.name == kPlacing;
  if (prior_codes_.defined()) read_prior();
}

void Aae::end_stage(const Stage&) {
  if (choosing_) choice_.conclude(example().classes);
}

void Aae::read_prior() {
  const torch::NoGradGuard no_grad;
  const auto& path = config_.prior.file;
  const bool begun = prior_count_.item<int64_t>() > 0;
  if (!std::filesystem::exists(path)) {
    if (begun) return;
    fail(Cause::kData, path,
         "expected an .npy file of codes, as model.prior.file names it, got nothing there");
  }
  const auto set = read_npy(path);
  const auto room = prior_codes_.size(0);
  if (set.spec.modality != Modality::kVector || set.spec.shape[0] != config_.latent_dim)
    fail(Cause::kData, path, "expected an array of codes [rows, ", config_.latent_dim,
         "], as wide as model.latent_dim, got ", set.x.sizes());
  if (set.size() > room)
    fail(Cause::kData, path, "expected at most ", room, " rows, got ", set.size(),
         "; raise model.prior.file_rows");
  const auto codes = torch::zeros_like(prior_codes_);
  codes.narrow(0, 0, set.size()).copy_(set.x);
  if (begun && !(prior_count_.item<int64_t>() == set.size() && torch::equal(codes, prior_codes_)))
    fail(Cause::kData, path,
         "expected the codes that the model has learned from so far, got others; put them back, or "
         "begin anew");
  prior_codes_.copy_(codes);
  prior_count_.fill_(set.size());
}

// --- Codes ---

std::vector<int64_t> Aae::noise_shape() const {
  if (config_.posterior == AaePosterior::kDeterministic) return {};
  if (config_.posterior == AaePosterior::kGaussian) return {config_.latent_dim};
  if (config_.coder.network == Network::kMlp) return {config_.noise_dim};
  return {1, example().shape[1], example().shape[2]};
}

torch::Tensor Aae::code_of(const torch::Tensor& x, const torch::Tensor& noise) {
  if (config_.posterior == AaePosterior::kDeterministic) return encoder_->forward(x);
  if (config_.posterior == AaePosterior::kUniversal)
    return encoder_->forward(
        torch::cat({config_.coder.network == Network::kMlp ? x.flatten(1) : x, noise}, 1));
  const auto parts = encoder_->forward(x).chunk(2, 1);
  return reparametrize(parts[0], parts[1].clamp(-kLogVarianceLimit, kLogVarianceLimit), noise);
}

torch::Tensor Aae::code_of(const torch::Tensor& x) {
  auto shape = noise_shape();
  if (shape.empty()) return code_of(x, {});
  shape.insert(shape.begin(), x.size(0));
  return code_of(x, torch::randn(shape, x.options()));
}

torch::Tensor Aae::encode(const Batch& batch) {
  if (config_.posterior == AaePosterior::kDeterministic) return encoder_->forward(batch.x);
  if (config_.posterior == AaePosterior::kGaussian)
    return encoder_->forward(batch.x).narrow(1, 0, config_.latent_dim);
  Noise noise(kMeanSeed, 0, kMeanDraws, batch.x.device());
  const auto draws = noise.normal(noise_shape());
  auto sum = torch::zeros({batch.size(), config_.latent_dim}, batch.x.options());
  for (int64_t k = 0; k < kMeanDraws; ++k) {
    auto sizes = draws[k].sizes().vec();
    sizes.insert(sizes.begin(), batch.size());
    sum = sum + code_of(batch.x, draws[k].unsqueeze(0).expand(sizes));
  }
  return sum / static_cast<double>(kMeanDraws);
}

torch::Tensor Aae::draw_posterior(const Batch& batch, Noise& noise) {
  const auto shape = noise_shape();
  return code_of(batch.x, shape.empty() ? torch::Tensor() : noise.normal(shape));
}

Aae::Codes Aae::draw_prior(Noise& noise) {
  const auto draw = prior_->draw(prior_noise(noise, config_.latent_dim));
  return {draw.z, config_.labels ? draw.part : torch::Tensor()};
}

// --- Steps ---

Aae::Told Aae::told_of(const Batch& batch) const {
  if (!config_.labels) return {};
  const auto classes = static_cast<int64_t>(example().classes.size());
  FIGMENT_CHECK(batch.label.defined());
  auto known = torch::ones_like(batch.label, torch::kBool);
  if (choice_.size() > 0) known = choice_.has(batch.x);
  // AAE section 2.3: one more class says that there is no label; such codes belong to all parts.
  const auto shown = torch::where(known, batch.label, torch::full_like(batch.label, classes));
  return {torch::one_hot(shown, classes + 1).to(batch.x.scalar_type()),
          torch::where(known, batch.label, torch::full_like(batch.label, -1))};
}

// Few labels among many examples are seen too seldom to move a class off another's part; so half of
// what the discriminator sees is labelled, as a batch of section 2.3's labelled phase would be.
// Where the others settle first, at whatever part, the encoder learns the few by heart instead of
// moving all of their class: so the labelled ones begin.
Batch Aae::with_labelled(const Batch& batch) const {
  if (choice_.size() == 0) return batch;
  const auto rows = torch::randint(choice_.size(), {batch.size()}, choice_.label.options());
  Batch labelled;
  labelled.x = choice_.x.index_select(0, rows).view_as(batch.x).to(batch.x);
  labelled.label = choice_.label.index_select(0, rows).to(batch.label);
  if (placing_) return labelled;
  Batch both;
  both.x = torch::cat({batch.x, labelled.x});
  both.label = torch::cat({batch.label, labelled.label});
  return both;
}

torch::Tensor Aae::discriminator_loss(const torch::Tensor& code, const Told& told) {
  const auto n = code.size(0);
  const auto drawn = prior_->draw(prior_noise(n, config_.latent_dim, code.options()), told.part);
  const auto given = told.given.defined() ? told.given.repeat({2, 1}) : torch::Tensor();
  const auto scores = discriminator_->forward(torch::cat({drawn.z, code.detach()}), given).chunk(2);
  return loss_of_true(config_.adversarial_loss, scores[0]) +
         loss_of_made(config_.adversarial_loss, scores[1]);
}

Metrics Aae::training_step(const Batch& batch) {
  if (choosing_) {
    choice_.offer(batch.x, batch.label);
    return {{"labelled", torch::tensor(static_cast<double>(choice_.found()))}};
  }
  // AAE section 2, the reconstruction phase: encoder and decoder.
  const auto reconstruction =
      reconstruction_loss(config_.loss, decoder_->forward(code_of(batch.x)), batch.x);
  autoencoder_optimizer_.minimize(reconstruction);
  // The regularisation phase: the discriminator first,
  const auto shown = with_labelled(batch);
  const auto told = told_of(shown);
  const auto code = code_of(shown.x);
  const auto telling = discriminator_loss(code, told);
  discriminator_optimizer_.minimize(telling);
  // then the encoder, as the generator, against the discriminator as it is now.
  const auto fooling =
      loss_of_fooling(config_.adversarial_loss, discriminator_->forward(code, told.given));
  encoder_optimizer_.minimize(fooling);
  return {{"reconstruction_loss", reconstruction.detach()},
          {"discriminator_loss", telling.detach()},
          {"encoder_loss", fooling.detach()}};
}

// The first is not called "loss": reconstruction is best where the codes are as they like, before
// the prior has any say, and the adversarial losses fall and rise with the opponent.
Metrics Aae::validation_step(const Batch& batch) {
  if (choosing_) return {{"labelled", torch::tensor(static_cast<double>(choice_.found()))}};
  const auto code = code_of(batch.x);
  const auto output = decoder_->forward(code);
  const auto told = told_of(batch);
  const auto telling = discriminator_loss(code, told);
  const auto scores = discriminator_->forward(code, told.given);
  return {{"reconstruction_loss", reconstruction_loss(config_.loss, output, batch.x)},
          {"reconstruction_sse", mean_sse(reconstruction_of(config_.loss, output), batch.x)},
          {"discriminator_loss", telling},
          {"encoder_loss", loss_of_fooling(config_.adversarial_loss, scores)}};
}

// --- Abilities ---

torch::Tensor Aae::sample(const SampleRequest& request) {
  const auto drawn = prior_->draw(prior_noise(*request.noise, config_.latent_dim), request.label,
                                  request.temperature);
  return decode(drawn.z, {});
}

torch::Tensor Aae::decode(const torch::Tensor& code, const torch::Tensor&) {
  return reconstruction_of(config_.loss, decoder_->forward(code));
}

torch::Tensor Aae::reconstruct(const Batch& batch) { return decode(encode(batch), {}); }

}  // namespace figment::models
