// The numbers of how good a set of samples is, each from what a FeatureSpace saw of it and of real
// examples; for metrics and for anything else that has two sets. docs/metrics.md defines them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "figment/eval/feature_space.h"
#include "figment/eval/memorisation.h"
#include "figment/eval/metric.h"

namespace figment {

// Adds to `out` what is to be said of `judged` against `real`, and of how many examples it is;
// intervals where they are asked for.
// Throws Error(kData) when there are too few examples or no classifier where one is needed.
using Judge = void (*)(const Evidence& judged, const Evidence& real, bool intervals, Measured& out);

void judge_fid(const Evidence& judged, const Evidence& real, bool intervals, Measured& out);
void judge_kid(const Evidence& judged, const Evidence& real, bool intervals, Measured& out);
// precision, recall, density, coverage.
void judge_prdc(const Evidence& judged, const Evidence& real, bool intervals, Measured& out);
// modes, class_total_variation.
void judge_modes(const Evidence& judged, const Evidence& real, bool intervals, Measured& out);
void judge_inception_score(const Evidence& judged, const Evidence& real, bool intervals,
                           Measured& out);

// memorised, nearest_ratio and, as baseline, real_memorised: of samples and real examples against
// training examples. `own`: undefined, the real examples are new; [m] int64, they are these of the
// training examples.
void judge_copies(const HeldRows& training, const HeldRows& samples, const HeldRows& real,
                  const torch::Tensor& own, Measured& out);

// label_agreement: the share of log_p [n, classes] whose likeliest class is the one asked for. The
// labels [n] count `asked` classes, which are found in `known` by name; nothing is added, and false
// returned, when one is not there.
bool judge_labels(const torch::Tensor& log_p, const std::vector<std::string>& known,
                  const torch::Tensor& label, const std::vector<std::string>& asked, Measured& out);

// "fid 1.09 lies between PCA-30 reconstructions (0.97) and real examples without class 0 (2.36)":
// where a value lies among those of known sets, given as (what, value) in any order; at least one.
std::string reading_of(const std::string& metric, double value,
                       std::vector<std::pair<std::string, double>> known);

}  // namespace figment
