#include "figment/models/gan/critic.h"

#include <utility>

#include "figment/core/error.h"

namespace figment::models {
namespace {

int64_t class_count(const ExampleSpec& example) {
  return static_cast<int64_t>(example.classes.size());
}

bool tells_by_maps(const DiscriminatorConfig& config, GanCondition condition) {
  return condition == GanCondition::kConcatenation && config.network == Network::kConv;
}

bool tells_by_numbers(const DiscriminatorConfig& config, GanCondition condition) {
  return condition == GanCondition::kConcatenation && config.network == Network::kMlp;
}

// What the discriminator reads: with classes as maps, more channels.
std::vector<int64_t> input_shape(const ExampleSpec& example, const DiscriminatorConfig& config,
                                 GanCondition condition) {
  auto shape = example.shape;
  if (tells_by_maps(config, condition)) shape[0] += class_count(example);
  return shape;
}

}  // namespace

CriticImpl::CriticImpl(const ExampleSpec& example, const DiscriminatorConfig& config,
                       GanCondition condition)
    : condition_(condition),
      compares_(config.normalization == DiscriminatorNorm::kBatch),
      maps_(tells_by_maps(config, condition)),
      layers_(config.layers()),
      discriminator_(register_module(
          "network",
          Discriminator(input_shape(example, config, condition), config,
                        tells_by_numbers(config, condition) ? class_count(example) : 0))) {
  if (condition != GanCondition::kProjection && condition != GanCondition::kAuxiliary) return;
  FIGMENT_CHECK(layers_ > 0);
  const auto width = config.hidden.empty() ? config.channels.back() : config.hidden.back();
  const auto classes = class_count(example);
  const bool projects = condition == GanCondition::kProjection;
  head_ =
      register_module(projects ? "embedding" : "classifier",
                      torch::nn::Linear(torch::nn::LinearOptions(width, classes).bias(!projects)));
  initialize_output(head_->weight, static_cast<double>(width), static_cast<double>(classes));
  if (!projects) torch::nn::init::zeros_(head_->bias);
  if (projects && config.normalization == DiscriminatorNorm::kSpectral)
    spectral_ = register_module("embedding_spectral", SpectralNorm(head_->weight));
}

CriticImpl::Judgement CriticImpl::forward(const torch::Tensor& x, const torch::Tensor& one_hot) {
  FIGMENT_CHECK(one_hot.defined() == (condition_ != GanCondition::kNone));
  if (condition_ == GanCondition::kNone) return {discriminator_(x), {}};
  if (condition_ == GanCondition::kConcatenation) {
    if (!maps_) return {discriminator_(x, one_hot), {}};
    const auto maps = one_hot.view({x.size(0), -1, 1, 1}).expand({-1, -1, x.size(2), x.size(3)});
    return {discriminator_(torch::cat({x, maps}, 1)), {}};
  }
  const auto judged = discriminator_->judge(x, layers_);
  const auto& features = judged.features;
  const auto phi = features.dim() > 2 ? features.flatten(2).sum(2) : features;  // [n, width]
  if (condition_ == GanCondition::kAuxiliary) return {judged.score, head_(phi)};
  const auto embedding =
      spectral_ ? spectral_(head_->weight) : head_->weight;  // V [classes, width]
  return {judged.score + (one_hot.mm(embedding) * phi).sum(1), {}};
}

JudgingAsTrained::JudgingAsTrained(Critic critic)
    : critic_(std::move(critic)), training_(critic_->is_training()) {
  if (!critic_->compares()) return;
  for (const auto& buffer : critic_->buffers()) kept_.emplace_back(buffer, buffer.clone());
  critic_->train();
}

JudgingAsTrained::~JudgingAsTrained() {
  if (!critic_->compares()) return;
  const torch::NoGradGuard no_grad;
  for (auto& [buffer, copy] : kept_) buffer.copy_(copy);
  critic_->train(training_);
}

}  // namespace figment::models
