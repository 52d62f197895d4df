// Batch and layer normalization under one name.
#include "figment/nn/normalization.h"

#include "figment/nn/batch_norm.h"
#include "figment/nn/precision.h"

namespace figment {

constexpr double kEpsilon = 1e-5;  // as in torch.nn
constexpr double kMomentum = 0.1;  // of the running averages, as in torch.nn

NormalizerImpl::NormalizerImpl(Normalization kind, std::int64_t channels) : kind_(kind) {
  if (kind == Normalization::kNone) return;
  weight_ = register_parameter("weight", torch::ones({channels}));
  bias_ = register_parameter("bias", torch::zeros({channels}));
  if (kind == Normalization::kLayer) return;
  running_mean_ = register_buffer("running_mean", torch::zeros({channels}));
  running_variance_ = register_buffer("running_var", torch::ones({channels}));
}

torch::Tensor NormalizerImpl::activated(const torch::Tensor& x,
                                        std::optional<Activation> activation) {
  const bool has_variance = kind_ == Normalization::kBatch && x.numel() > x.size(1);
  if (has_variance && is_training()) {
    const auto full = in_full(x);
    if (batch_norm_takes(full, activation)) return of_batch(full, activation);
  }
  const auto z = normalized(x);
  return activation ? activate(*activation, z) : z;
}

torch::Tensor NormalizerImpl::normalized(const torch::Tensor& x) {
  switch (kind_) {
    case Normalization::kNone:
      return x;
    case Normalization::kLayer:
      return torch::group_norm(in_full(x), 1, weight_, bias_, kEpsilon);
    case Normalization::kBatch: {
      const bool has_variance = x.numel() > x.size(1);
      return torch::batch_norm(in_full(x), weight_, bias_, running_mean_, running_variance_,
                               is_training() && has_variance, kMomentum, kEpsilon,
                               /*cudnn_enabled=*/true);
    }
  }
  return x;
}

torch::Tensor NormalizerImpl::of_batch(const torch::Tensor& x,
                                       std::optional<Activation> activation) {
  const auto out = batch_norm(x, weight_, bias_, kEpsilon, activation);
  const torch::NoGradGuard no_grad;
  const auto count = static_cast<double>(x.numel() / x.size(1));
  // The running variance is that of an unbiased estimate, as in torch.nn.
  running_mean_.lerp_(out.mean, kMomentum);
  running_variance_.lerp_(out.variance * (count / (count - 1)), kMomentum);
  return out.y;
}

}  // namespace figment
