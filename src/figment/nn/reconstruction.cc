// Losses of reconstructions.
#include "figment/nn/reconstruction.h"

#include "figment/nn/bernoulli.h"
#include "figment/nn/distributions.h"

namespace figment {

torch::Tensor reconstruction_loss(ReconstructionLoss loss, const torch::Tensor& output,
                                  const torch::Tensor& x) {
  switch (loss) {
    case ReconstructionLoss::kCrossEntropy:
      return -bernoulli_log_prob(output, x).mean();
    case ReconstructionLoss::kMultinomial:
      return -multinomial_log_prob(output, x).mean();
    case ReconstructionLoss::kPoisson:
      return -poisson_log_prob(output, x).mean();
    default:
      return mean_sse(reconstruction_of(loss, output), x);
  }
}

torch::Tensor reconstruction_of(ReconstructionLoss loss, const torch::Tensor& output,
                                const torch::Tensor& total) {
  if (bounded(loss)) return torch::sigmoid(output);
  if (loss == ReconstructionLoss::kPoisson) return torch::exp(output);
  if (loss != ReconstructionLoss::kMultinomial) return output;
  const auto shares = torch::softmax(output.flatten(1), 1);
  return (total.defined() ? shares * total : shares).view_as(output);
}

torch::Tensor mean_sse(const torch::Tensor& reconstruction, const torch::Tensor& x) {
  return (reconstruction - x).square().flatten(1).sum(1).mean();
}

}  // namespace figment
