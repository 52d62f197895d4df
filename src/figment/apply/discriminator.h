// What a discriminator takes for true on a line or in a plane, beside the best one there is, for
// the sections of a report that draw it. Goodfellow et al., "Generative adversarial nets", 2014
// (GAN); Mao et al., "Least squares generative adversarial networks", 2017 (LSGAN).
#pragma once

#include <torch/torch.h>

#include <string>

#include "figment/apply/open_run.h"
#include "figment/core/value.h"
#include "figment/data/bins.h"
#include "figment/nn/adversarial_losses.h"

namespace figment {

// Whether the best discriminator is D* = p / (p + q) for the densities p of true and q of made
// examples: of games that have log-odds (GAN eq. 2), and of least_squares, where it is the score
// itself (LSGAN eq. 5 with a = 0, b = 1). hinge and wasserstein ask for no such number.
bool has_best(AdversarialLoss game);
// What the discriminator is to say of true examples, 1 less model.label_smoothing; D* is so many
// times the above.
double label_of_true(const Value& config);

// Scores [n] double of examples [n, d] in the data's numbers, all taken to be of class `label`
// where the model knows classes. The run's model must have the ability Discriminates.
torch::Tensor scores_by(const LoadedRun& run, const torch::Tensor& x, int64_t label = 0);
// What is to be held against D*: s(scores) of a game that has_log_odds, else the scores.
torch::Tensor taken_for_true(AdversarialLoss game, const torch::Tensor& scores);
// Whether the discriminator is told the class of what it judges: by it scores of x [n, d] differ.
// One that is asked for the class, in place of being told, is not.
bool is_told_classes(const LoadedRun& run, const torch::Tensor& x);

// Both over equal bins, without what lies outside: [k] each.
struct Discriminators {
  Bins bins;
  torch::Tensor truth, made;    // probabilities, double
  torch::Tensor best, learned;  // D*, and the learned one at the middles
  torch::Tensor seen;           // bool, where there is enough to tell D*
  double apart = 0;             // mean of |D* - learned| over true and made examples
};
// `truth` and `made` [k + 1] as Bins::shares has them, the latter of `examples` made ones.
Discriminators beside_best(const LoadedRun& run, const Bins& bins, const torch::Tensor& truth,
                           const torch::Tensor& made, int64_t examples, int64_t label = 0);

// The two over a line, as SVG.
std::string plot_of(const Discriminators& both);

// The bins of a plane as a PNG of 240 pixels a side: values [bins] in [0, 1], NaN and what is
// beyond cut, or colours [3, bins] uint8.
std::string picture_of(const Bins& bins, const torch::Tensor& values);

// The learned one alone over a plane.
struct ScoreMap {
  torch::Tensor colours;  // [3, bins] uint8, greys
  std::string said;       // what they mean
};
ScoreMap map_of(const LoadedRun& run, const Bins& bins, int64_t label = 0);
// Bins that hold any of `truth` become blue, then those with any of `made` orange; [n, 2] each.
void lay_over(ScoreMap& map, const Bins& bins, const torch::Tensor& truth,
              const torch::Tensor& made);

}  // namespace figment
