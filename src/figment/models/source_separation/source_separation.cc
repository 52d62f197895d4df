#include "figment/models/source_separation/source_separation.h"

#include <algorithm>
#include <numeric>

#include "figment/core/error.h"
#include "figment/model/family.h"

namespace figment::models {

extern const Family source_separation;
constexpr Family source_separation = family<SourceSeparation>(
    "source_separation", "Source-separating autoencoder", "https://arxiv.org/abs/1703.08019");

namespace {

std::string numbered(const char* name, int64_t i) { return name + std::to_string(i + 1); }

// [n, ...] -> the value for each example of elements that differ by `difference`. [n]
torch::Tensor sum_of(const torch::Tensor& elements) { return elements.flatten(1).sum(1); }

}  // namespace

void SourceSeparationConfig::check_example(const ExampleSpec& example,
                                           const Problems::Scope& scope) const {
  check_coder(coder, example.shape, scope.inner("coder"));
  if (loss == SourceLoss::kCrossEntropy && example.modality != Modality::kImage)
    scope.add("loss", "expected squared_error for " + example.text() +
                          ": cross-entropy is for values in [0, 1], as images have");
  if (source_kind == SourceKind::kClasses && static_cast<int64_t>(example.classes.size()) < sources)
    scope.add("source_kind", "expected examples of at least " + std::to_string(sources) +
                                 " classes for \"classes\", got " + example.text() +
                                 "; use \"any\"");
}

SourceSeparation::SourceSeparation(const Config& config, const ExampleSpec& example)
    : Model(example), config_(config), optimizer_([&]() -> Optimizer& {
        const bool shared = config.encoders == SourceEncoders::kShared;
        const auto count = shared ? 1 : config.sources;
        const auto outputs = config.latent_dim * (shared ? config.sources : 1);
        for (int64_t i = 0; i < count; ++i)
          encoders_.push_back(register_module(numbered("encoder", i),
                                              Encoder(example.shape, config.coder, outputs)));
        for (int64_t i = 0; i < config.sources; ++i)
          decoders_.push_back(register_module(
              numbered("decoder", i), Decoder(config.latent_dim, config.coder, example.shape)));
        return register_optimizer("all", parameters(), config.optimizer);
      }()) {}

Separates::Mixture SourceSeparation::mix_by(const Batch& batch,
                                            const torch::Tensor& uniform) const {
  const auto n = batch.size();
  std::vector<torch::Tensor> sources;
  for (int64_t j = 0; j < config_.sources; ++j) {
    // Those that source j may be; all, where a small batch has none of its classes.
    auto members = torch::arange(n, uniform.options().dtype(torch::kLong));
    if (config_.source_kind == SourceKind::kClasses) {
      FIGMENT_CHECK(batch.label.defined());
      const auto own = (batch.label.remainder(config_.sources) == j).nonzero().flatten();
      if (own.numel() > 0) members = own;
    }
    const auto pick = (uniform.select(1, j) * static_cast<double>(members.numel()))
                          .to(torch::kLong)
                          .clamp_max(members.numel() - 1);
    sources.push_back(batch.x.index_select(0, members.index_select(0, pick)));
  }
  const auto stacked = torch::stack(sources, 1);  // [n, k, shape...]
  // The mean: a sum that stays within the range of what is summed.
  return {stacked.mean(1), stacked};
}

Separates::Mixture SourceSeparation::mix(const Batch& batch, Noise& noise) {
  return mix_by(batch, noise.uniform({config_.sources}));
}

torch::Tensor SourceSeparation::outputs_of(const torch::Tensor& x) {
  std::vector<torch::Tensor> codes;
  for (auto& encoder : encoders_) codes.push_back(encoder->forward(x));
  if (codes.size() == 1) codes = codes[0].chunk(config_.sources, 1);
  std::vector<torch::Tensor> outputs;
  for (std::size_t j = 0; j < decoders_.size(); ++j)
    outputs.push_back(decoders_[j]->forward(codes[j]));
  return torch::stack(outputs, 1);
}

torch::Tensor SourceSeparation::mean_of(const torch::Tensor& outputs) const {
  return config_.loss == SourceLoss::kCrossEntropy ? torch::sigmoid(outputs) : outputs;
}

torch::Tensor SourceSeparation::loss(const torch::Tensor& outputs,
                                     const torch::Tensor& sources) const {
  const auto between = [&](int64_t output, int64_t source) {
    const auto a = outputs.select(1, output), b = sources.select(1, source);
    return config_.loss == SourceLoss::kCrossEntropy
               ? sum_of(torch::binary_cross_entropy_with_logits(a, b, {}, {}, at::Reduction::None))
               : sum_of((a - b).square());
  };
  const auto k = config_.sources;
  std::vector<int64_t> order(static_cast<std::size_t>(k));
  std::iota(order.begin(), order.end(), 0);
  if (config_.source_kind == SourceKind::kClasses) {
    auto total = between(0, 0);
    for (int64_t j = 1; j < k; ++j) total = total + between(j, j);
    return total.mean();
  }
  std::vector<std::vector<torch::Tensor>> cost(static_cast<std::size_t>(k));
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < k; ++j) cost[static_cast<std::size_t>(i)].push_back(between(i, j));
  std::vector<torch::Tensor> totals;  // of each assignment, [n]
  do {
    auto total = torch::zeros_like(cost[0][0]);
    for (std::size_t i = 0; i < order.size(); ++i)
      total = total + cost[i][static_cast<std::size_t>(order[i])];
    totals.push_back(total);
  } while (std::next_permutation(order.begin(), order.end()));
  return std::get<0>(torch::stack(totals).min(0)).mean();  // PIT eq. 3
}

Metrics SourceSeparation::training_step(const Batch& batch) {
  const auto mixture =
      mix_by(batch, torch::rand({batch.size(), config_.sources}, batch.x.options()));
  const auto value = loss(outputs_of(mixture.x), mixture.sources);
  optimizer_.minimize(value);
  return {{"loss", value.detach()}};
}

Metrics SourceSeparation::validation_step(const Batch& batch) {
  const auto mixture =
      mix_by(batch, torch::rand({batch.size(), config_.sources}, batch.x.options()));
  return {{"loss", loss(outputs_of(mixture.x), mixture.sources)}};
}

torch::Tensor SourceSeparation::separate(const torch::Tensor& x) { return mean_of(outputs_of(x)); }

}  // namespace figment::models
