// What the numbers of an example are to a model's likelihood, without which its logarithm cannot be
// read: an interface that a model with a density may also have.
#pragma once

namespace figment {

enum class LikelihoodOf {
  kReals,          // a density over real numbers, in the model's scale
  kGreySteps,      // a density over pixels in [0, 1] with uniform noise of their grey step added,
                   // whose integral over a step is the probability of the grey
  kBinaryDraws,    // probabilities of elements 0 or 1, which the model draws from the given ones
  kProbabilities,  // probabilities of elements 0 or 1; of a number in between it is minus a
                   // cross-entropy, which is no likelihood
};

struct StatesLikelihood {
  virtual ~StatesLikelihood() = default;
  virtual LikelihoodOf likelihood_of() const = 0;
};

}  // namespace figment
