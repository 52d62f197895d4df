#include "figment/models/gan/gan.h"

#include <string>

#include "figment/core/error.h"
#include "figment/model/family.h"
#include "figment/nn/fixed_weights.h"
#include "figment/nn/gradient_penalty.h"

namespace figment::models {

extern const Family gan;
constexpr Family gan =
    family<Gan>("gan", "Generative adversarial network", "https://arxiv.org/abs/1406.2661");

namespace {

int64_t told(const GanConfig& config, const ExampleSpec& example) {
  return config.condition == GanCondition::kNone ? 0 : static_cast<int64_t>(example.classes.size());
}

// Weights alone: biases and the scales of normalizations keep their 0 and 1.
void redraw(const torch::nn::Module& network, double deviation) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : network.parameters())
    if (parameter.dim() > 1) parameter.normal_(0, deviation);
}

}  // namespace

void GanConfig::check(const Problems::Scope& scope) const {
  const bool spectral = discriminator.normalization == DiscriminatorNorm::kSpectral;
  if (adversarial_loss == AdversarialLoss::kWasserstein && gradient_penalty == 0 && !spectral)
    scope.add("adversarial_loss",
              "expected a gradient_penalty, such as 10, or discriminator.normalization = "
              "\"spectral\" with wasserstein: without a bound on its slope a discriminator has no "
              "least loss");
  if (label_smoothing > 0 && (adversarial_loss == AdversarialLoss::kHinge ||
                              adversarial_loss == AdversarialLoss::kWasserstein))
    scope.add("label_smoothing", std::string("expected 0 with ") + name_of_enum(adversarial_loss) +
                                     ", whose true examples have no label to smooth");
  if ((gradient_penalty > 0 || r1 > 0) && discriminator.normalization == DiscriminatorNorm::kBatch)
    scope.add(gradient_penalty > 0 ? "gradient_penalty" : "r1",
              "expected 0 with discriminator.normalization = \"batch\": the score of one example "
              "then depends on the others, and its slope says little; use none, layer or spectral");
  if ((condition == GanCondition::kProjection || condition == GanCondition::kAuxiliary) &&
      discriminator.layers() == 0)
    scope.inner("discriminator")
        .add("hidden", std::string("expected a hidden layer with condition = \"") +
                           name_of_enum(condition) + "\", which is read from it, got none");
  if (codes.any() && discriminator.layers() == 0)
    scope.inner("discriminator")
        .add("hidden", "expected a hidden layer with codes, which are read from it, got none");
  if (discriminator_optimizer.average > 0)
    scope.inner("discriminator_optimizer")
        .add("average", "expected 0: an average is for what makes the samples, the generator");
}

void GanConfig::check_example(const ExampleSpec& example, const Problems::Scope& scope) const {
  check_generator(generator, example.shape, scope.inner("generator"));
  check_discriminator(discriminator, example.shape, scope.inner("discriminator"));
  if (condition != GanCondition::kNone && example.classes.empty())
    scope.add("condition", "expected none for " + example.text() +
                               " without labels; name their column with data.label_column");
}

Gan::Gan(const Config& config, const ExampleSpec& example)
    : Model(example),
      config_(config),
      latent_(config.latent_dim, config.latent, config.codes),
      generator_(register_module("generator", Generator(latent_.dim() + told(config, example),
                                                        config.generator, example.shape))),
      critic_(register_module("discriminator", Critic(example, config.discriminator,
                                                      config.condition, config.codes.width()))),
      generator_optimizer_(
          register_optimizer("generator", generator_->parameters(), config.optimizer)),
      discriminator_optimizer_(register_optimizer("discriminator", critic_->parameters(),
                                                  config.discriminator_optimizer)) {
  if (config.initial_deviation == 0) return;
  redraw(*generator_, config.initial_deviation);
  redraw(*critic_, config.initial_deviation);
}

// --- What goes into the networks ---

torch::Tensor Gan::seen(const torch::Tensor& x) const {
  return example().modality == Modality::kImage ? 2 * x - 1 : x;
}

torch::Tensor Gan::one_hot(const torch::Tensor& label) const {
  if (!on_class()) return {};
  return torch::one_hot(label, told(config_, example()))
      .to(generator_->parameters().front().scalar_type());
}

torch::Tensor Gan::made(const torch::Tensor& z, const torch::Tensor& one_hot) {
  const auto x = generator_->forward(one_hot.defined() ? torch::cat({z, one_hot}, 1) : z);
  return example().modality == Modality::kImage ? torch::tanh(x) : x;
}

// --- Learning ---

Gan::Terms Gan::terms_of(const torch::Tensor& truth, const torch::Tensor& made,
                         const torch::Tensor& z, const torch::Tensor& one_hot) {
  Terms out;
  auto x = truth;
  if (config_.r1 > 0) x = x.detach().requires_grad_();
  const auto of_truth = critic_->forward(x, one_hot), of_made = critic_->forward(made, one_hot);
  out.true_score = of_truth.score;
  out.made_score = of_made.score;
  const auto kind = config_.adversarial_loss;
  out.adversarial = loss_of_true(kind, of_truth.score, config_.label_smoothing) +
                    loss_of_made(kind, of_made.score);  // GAN eq. 1, negated
  if (config_.r1 > 0) out.r1 = zero_centred_penalty(of_truth.score, x);
  if (config_.gradient_penalty > 0)
    out.gradient_penalty = one_centred_penalty(
        [&](const torch::Tensor& between) { return critic_->forward(between, one_hot).score; },
        truth, made, torch::rand({truth.size(0)}, truth.options()));
  if (config_.condition == GanCondition::kAuxiliary) {
    const auto label = one_hot.argmax(1);
    out.classes = torch::nn::functional::cross_entropy(of_truth.classes, label) +
                  torch::nn::functional::cross_entropy(of_made.classes, label);
  }
  // InfoGAN eq. 6: Q shares the discriminator's layers, and learns in its step.
  if (config_.codes.any()) out.codes = latent_.loss_of_reading(z, of_made.codes);
  return out;
}

torch::Tensor Gan::discriminator_loss(const Terms& terms) const {
  auto loss = terms.adversarial;
  if (terms.gradient_penalty.defined())
    loss = loss + config_.gradient_penalty * terms.gradient_penalty;
  if (terms.r1.defined()) loss = loss + 0.5 * config_.r1 * terms.r1;
  if (terms.classes.defined()) loss = loss + config_.auxiliary_weight * terms.classes;
  if (terms.codes.defined()) loss = loss + terms.codes;
  return loss;
}

torch::Tensor Gan::generator_loss(const torch::Tensor& made, const torch::Tensor& z,
                                  const torch::Tensor& one_hot) {
  const auto judged = critic_->forward(made, one_hot);
  auto loss = loss_of_fooling(config_.adversarial_loss, judged.score);
  if (judged.classes.defined())
    loss = loss + config_.auxiliary_weight *
                      torch::nn::functional::cross_entropy(judged.classes, one_hot.argmax(1));
  if (judged.codes.defined()) loss = loss + latent_.loss_of_reading(z, judged.codes);
  return loss;
}

// D where the game has one, the score elsewhere.
torch::Tensor Gan::shown_score(const torch::Tensor& score) const {
  const auto of = score.detach();
  return (has_log_odds(config_.adversarial_loss) ? torch::sigmoid(of) : of).mean();
}

// The generator learns from the same z as the discriminator's last step, where GAN, algorithm 1,
// draws others: the examples need not be made twice, and what they are judged by has changed.
Metrics Gan::training_step(const Batch& batch) {
  const bool turn = (clock().step + 1) % config_.discriminator_steps == 0;
  const auto truth = seen(batch.x);
  const auto classes = one_hot(batch.label);
  const auto z = latent_.draw(truth.size(0), truth.options());
  torch::Tensor x;
  {
    const torch::AutoGradMode with_graph(turn);
    x = made(z, classes);
  }
  const auto terms = terms_of(truth, x.detach(), z, classes);
  const auto loss = discriminator_loss(terms);
  discriminator_optimizer_.minimize(loss);
  Metrics out = {{"discriminator_loss", loss.detach()},
                 {"true_score", shown_score(terms.true_score)},
                 {"made_score", shown_score(terms.made_score)}};
  if (terms.gradient_penalty.defined())
    out.emplace_back("gradient_penalty", terms.gradient_penalty.detach());
  if (terms.r1.defined()) out.emplace_back("r1", terms.r1.detach());
  if (terms.classes.defined()) out.emplace_back("class_loss", terms.classes.detach());
  if (terms.codes.defined()) out.emplace_back("code_loss", terms.codes.detach());
  if (!turn) return out;
  const FixedWeights fixed(*critic_);
  const auto fooling = generator_loss(x, z, classes);
  generator_optimizer_.minimize(fooling);
  out.emplace_back("generator_loss", fooling.detach());
  return out;
}

// None is called "loss": what one side loses the other wins, so that a lower one is not better.
Metrics Gan::validation_step(const Batch& batch) {
  const auto truth = seen(batch.x);
  const auto classes = one_hot(batch.label);
  const auto x = made(latent_.draw(truth.size(0), truth.options()), classes);
  const JudgingAsTrained judging(critic_);
  const auto of_truth = critic_->forward(truth, classes), of_made = critic_->forward(x, classes);
  const auto kind = config_.adversarial_loss;
  return {{"discriminator_loss",
           loss_of_true(kind, of_truth.score) + loss_of_made(kind, of_made.score)},
          {"generator_loss", loss_of_fooling(kind, of_made.score)},
          {"true_score", shown_score(of_truth.score)},
          {"made_score", shown_score(of_made.score)}};
}

// --- What it can be asked ---

torch::Tensor Gan::sample(const SampleRequest& request) {
  auto& noise = *request.noise;
  const auto z = latent_.draw(noise, 1, request.temperature).squeeze(1);
  if (!on_class() || request.label.defined()) return decode(z, request.label);
  const auto classes = static_cast<double>(told(config_, example()));
  return decode(z, (noise.uniform({1}).squeeze(1) * classes).to(torch::kLong));
}

torch::Tensor Gan::decode(const torch::Tensor& code, const torch::Tensor& label) {
  if (on_class() && !label.defined())
    fail(Cause::kData, "decode",
         "expected a class for each code, since the generator is told one, got none");
  const auto x = made(code, one_hot(label));
  return example().modality == Modality::kImage ? (x + 1) / 2 : x;
}

Gan::Codes Gan::draw_prior(Noise& noise) { return {latent_.draw(noise, 1).squeeze(1), {}}; }

torch::Tensor Gan::scores(const Batch& batch) {
  const JudgingAsTrained judging(critic_);
  return critic_->forward(seen(batch.x), one_hot(batch.label)).score;
}

}  // namespace figment::models
