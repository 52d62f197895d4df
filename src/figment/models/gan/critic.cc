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
                       GanCondition condition, int64_t codes)
    : condition_(condition),
      compares_(config.normalization == DiscriminatorNorm::kBatch),
      maps_(tells_by_maps(config, condition)),
      layers_(config.layers()),
      discriminator_(register_module(
          "network",
          Discriminator(input_shape(example, config, condition), config,
                        tells_by_numbers(config, condition) ? class_count(example) : 0))) {
  const bool has_head =
      condition == GanCondition::kProjection || condition == GanCondition::kAuxiliary;
  if (!has_head && codes == 0) return;
  FIGMENT_CHECK(layers_ > 0);
  const auto width = config.hidden.empty() ? config.channels.back() : config.hidden.back();
  if (codes > 0) {
    reader_ = register_module("reader", torch::nn::Linear(width, codes));
    initialize_output(reader_->weight, static_cast<double>(width), static_cast<double>(codes));
    torch::nn::init::zeros_(reader_->bias);
  }
  if (!has_head) return;
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
  auto seen = x;
  torch::Tensor beside;
  if (maps_) {
    const auto maps = one_hot.view({x.size(0), -1, 1, 1}).expand({-1, -1, x.size(2), x.size(3)});
    seen = torch::cat({x, maps}, 1);
  } else if (condition_ == GanCondition::kConcatenation) {
    beside = one_hot;
  }
  if (!head_ && !reader_) return {discriminator_(seen, beside), {}, {}};
  const auto judged = discriminator_->judge(seen, layers_, beside);
  const auto& features = judged.features;
  const auto phi = features.dim() > 2 ? features.flatten(2).sum(2) : features;  // [n, width]
  Judgement out{judged.score, {}, {}};
  if (reader_) out.codes = reader_(phi);
  if (condition_ == GanCondition::kAuxiliary) out.classes = head_(phi);
  if (condition_ == GanCondition::kProjection) {
    const auto embedding =
        spectral_ ? spectral_(head_->weight) : head_->weight;  // V [classes, width]
    out.score = out.score + (one_hot.mm(embedding) * phi).sum(1);
  }
  return out;
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
