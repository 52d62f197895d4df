// Power iteration on a layer's weight.
#include "figment/nn/spectral_norm.h"

namespace figment {
namespace {

constexpr double kSmallest = 1e-12;  // length of a vector that is divided by
constexpr int kFirstSteps = 15;      // of power iteration, before anything is learned

torch::Tensor unit(const torch::Tensor& v) { return v / v.norm().clamp_min(kSmallest); }

}  // namespace

SpectralNormImpl::SpectralNormImpl(const torch::Tensor& weight) {
  const torch::NoGradGuard no_grad;
  const auto matrix = weight.detach().flatten(1);  // [out, in]
  auto left = unit(torch::randn({matrix.size(0)}, matrix.options()));
  for (int i = 0; i < kFirstSteps; ++i) left = unit(matrix.mv(unit(matrix.t().mv(left))));
  left_ = register_buffer("left", left);
}

torch::Tensor SpectralNormImpl::forward(const torch::Tensor& weight) {
  const auto matrix = weight.flatten(1);  // [out, in]
  torch::Tensor left, right;
  {
    const torch::NoGradGuard no_grad;
    right = unit(matrix.t().mv(left_));
    if (is_training()) left_.copy_(unit(matrix.mv(right)));
    left = left_.clone();  // the graph keeps this one; the next call may move the buffer
  }
  const auto sigma = left.dot(matrix.mv(right));
  return weight / sigma.clamp_min(kSmallest);
}

}  // namespace figment
