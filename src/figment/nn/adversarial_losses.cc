// Losses of discriminators and generators, by softplus: -log s(t) = softplus(-t), and
// -log(1 - s(t)) = softplus(t), for which no score is too large.
#include "figment/nn/adversarial_losses.h"

#include "figment/core/error.h"

namespace figment {
namespace {

// [n] of either sign; `sign` is +1 for softplus(scores).
torch::Tensor mean_softplus(const torch::Tensor& scores, double sign) {
  return torch::softplus(sign * scores).mean();
}

}  // namespace

torch::Tensor loss_of_true(AdversarialLoss loss, const torch::Tensor& scores, double smoothing) {
  switch (loss) {
    case AdversarialLoss::kNonSaturating:
    case AdversarialLoss::kMinimax: {
      const auto all = mean_softplus(scores, -1);  // Goodfellow et al. 2014, eq. 1, negated
      // -(1 - e) log D - e log(1 - D) = softplus(-t) + e t
      return smoothing > 0 ? all + smoothing * scores.mean() : all;
    }
    case AdversarialLoss::kLeastSquares:
      // Mao et al. 2017, eq. 2, a = 0, b = c = 1
      return 0.5 * (scores - (1 - smoothing)).square().mean();
    case AdversarialLoss::kHinge:
      return torch::relu(1 - scores).mean();
    case AdversarialLoss::kWasserstein:
      return -scores.mean();
  }
  FIGMENT_CHECK(false);
}

torch::Tensor loss_of_made(AdversarialLoss loss, const torch::Tensor& scores) {
  switch (loss) {
    case AdversarialLoss::kNonSaturating:
    case AdversarialLoss::kMinimax:
      return mean_softplus(scores, 1);
    case AdversarialLoss::kLeastSquares:
      return 0.5 * scores.square().mean();
    case AdversarialLoss::kHinge:
      return torch::relu(1 + scores).mean();
    case AdversarialLoss::kWasserstein:
      return scores.mean();
  }
  FIGMENT_CHECK(false);
}

torch::Tensor loss_of_fooling(AdversarialLoss loss, const torch::Tensor& scores) {
  switch (loss) {
    case AdversarialLoss::kNonSaturating:
      return mean_softplus(scores, -1);  // Goodfellow et al. 2014, section 3
    case AdversarialLoss::kMinimax:
      return -mean_softplus(scores, 1);
    case AdversarialLoss::kLeastSquares:
      return 0.5 * (scores - 1).square().mean();
    case AdversarialLoss::kHinge:
    case AdversarialLoss::kWasserstein:
      return -scores.mean();
  }
  FIGMENT_CHECK(false);
}

}  // namespace figment
