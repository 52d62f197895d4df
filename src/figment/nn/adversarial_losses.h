// What a discriminator and the generator against it minimise.
// Goodfellow et al., "Generative adversarial nets", 2014, https://arxiv.org/abs/1406.2661; Mao et
// al., "Least squares GAN", 2017; Lim & Ye, "Geometric GAN", 2017 (hinge); Arjovsky et al.,
// "Wasserstein GAN", 2017.
#pragma once

#include <torch/torch.h>

#include <array>

#include "figment/core/config.h"

namespace figment {

enum class AdversarialLoss { kNonSaturating, kMinimax, kLeastSquares, kHinge, kWasserstein };
constexpr auto enum_names(AdversarialLoss) {
  return std::array{EnumName<AdversarialLoss>{"non_saturating", AdversarialLoss::kNonSaturating},
                    EnumName<AdversarialLoss>{"minimax", AdversarialLoss::kMinimax},
                    EnumName<AdversarialLoss>{"least_squares", AdversarialLoss::kLeastSquares},
                    EnumName<AdversarialLoss>{"hinge", AdversarialLoss::kHinge},
                    EnumName<AdversarialLoss>{"wasserstein", AdversarialLoss::kWasserstein}};
}

// Scores t of true and m of made examples, [n] each -> [], means over the examples. A score is the
// discriminator's output without a nonlinearity; D = s(score), s the logistic function.
//
//                   loss_of_true   loss_of_made   loss_of_fooling
//   non_saturating  -log D         -log(1 - D)    -log D
//   minimax         -log D         -log(1 - D)    log(1 - D), which is flat where D is sure
//   least_squares   (t - 1)^2 / 2  m^2 / 2        (m - 1)^2 / 2
//   hinge           max(0, 1 - t)  max(0, 1 + m)  -m
//   wasserstein     -t             m              -m
//
// The discriminator minimises loss_of_true + loss_of_made: with the first two that is log 4 where
// it knows nothing (D = 1/2). The generator minimises loss_of_fooling of what it made.
//
// `smoothing` is one-sided label smoothing (Salimans et al., "Improved techniques for training
// GANs", 2016, section 3.4): true examples are to be taken for true with probability 1 - smoothing,
// or have that score in least_squares. hinge and wasserstein have no such label.
torch::Tensor loss_of_true(AdversarialLoss loss, const torch::Tensor& scores, double smoothing = 0);
torch::Tensor loss_of_made(AdversarialLoss loss, const torch::Tensor& scores);
torch::Tensor loss_of_fooling(AdversarialLoss loss, const torch::Tensor& scores);

// Whether D = s(score) is the probability that an example is true: non_saturating and minimax.
constexpr bool has_log_odds(AdversarialLoss loss) {
  return loss == AdversarialLoss::kNonSaturating || loss == AdversarialLoss::kMinimax;
}

}  // namespace figment
