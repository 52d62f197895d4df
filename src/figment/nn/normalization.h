// The normalizations that a configuration can name.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <optional>

#include "figment/core/config.h"
#include "figment/nn/activation.h"

namespace figment {

enum class Normalization { kNone, kBatch, kLayer };

constexpr auto enum_names(Normalization) {
  return std::array{EnumName<Normalization>{"none", Normalization::kNone},
                    EnumName<Normalization>{"batch", Normalization::kBatch},
                    EnumName<Normalization>{"layer", Normalization::kLayer}};
}

// x [n, channels, ...] -> the same shape, with a learned scale and shift per channel.
//   none: x itself, nothing learned.
//   batch: over examples and positions, per channel (Ioffe & Szegedy 2015). A training batch with
//     a single value per channel has no variance and is normalized as in evaluation, by the running
//     averages.
//   layer: over channels and positions, per example (Ba et al. 2016).
class NormalizerImpl : public torch::nn::Module {
 public:
  NormalizerImpl(Normalization kind, std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x) { return activated(x, std::nullopt); }
  // f(norm(x)), f the activation or nothing; of a training batch of maps in one operator.
  torch::Tensor activated(const torch::Tensor& x, std::optional<Activation> activation);
  bool changes_nothing() const { return kind_ == Normalization::kNone; }

 private:
  torch::Tensor normalized(const torch::Tensor& x);
  torch::Tensor of_batch(const torch::Tensor& x, std::optional<Activation> activation);

  Normalization kind_;
  torch::Tensor weight_, bias_, running_mean_, running_variance_;  // [channels]
};
TORCH_MODULE(Normalizer);

}  // namespace figment
