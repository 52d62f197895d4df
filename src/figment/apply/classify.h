// Examples told apart by a trained model, and by what it is held against.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "figment/apply/open_run.h"
#include "figment/eval/bayes.h"

namespace figment {

struct Classification {
  torch::Tensor log_p;   // [n, classes], log p(class | x)
  std::string method{};  // in words: "Bayes' rule over exact densities", ...
};

// By Bayes' rule where the model has p(x | class), its own p(class | x) otherwise. `training` is
// where the prior of the classes is counted. Throws Error(kConfig) for a model that does neither.
Classification classify(const LoadedRun& run, const Dataset& training, const Dataset& set,
                        const BayesOptions& options);

// Shares of the examples of `set`, which has labels, that others take for another class, by name:
// of the plain classifier (eval/plain_classifier.h), and of a vote of the 5 nearest of `training`,
// by codes where the model has codes that do not know the class, by the examples themselves
// otherwise. With `within_training` the set is the first of `training`, and none votes on itself.
std::vector<std::pair<std::string, double>> classification_baselines(const LoadedRun& run,
                                                                     const Dataset& training,
                                                                     const Dataset& set,
                                                                     std::uint64_t seed,
                                                                     bool within_training = false);

}  // namespace figment
