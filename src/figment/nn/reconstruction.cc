// Losses of reconstructions.
#include "figment/nn/reconstruction.h"

#include "figment/nn/distributions.h"

namespace figment {

torch::Tensor reconstruction_loss(ReconstructionLoss loss, const torch::Tensor& output,
                                  const torch::Tensor& x) {
  if (loss == ReconstructionLoss::kCrossEntropy) return -bernoulli_log_prob(output, x).mean();
  return mean_sse(reconstruction_of(loss, output), x);
}

torch::Tensor reconstruction_of(ReconstructionLoss loss, const torch::Tensor& output) {
  return bounded(loss) ? torch::sigmoid(output) : output;
}

torch::Tensor mean_sse(const torch::Tensor& reconstruction, const torch::Tensor& x) {
  return (reconstruction - x).square().flatten(1).sum(1).mean();
}

}  // namespace figment
