// How well anomalies are found: the scores of a model and of trivial detectors on the same
// examples, with what they reach where it is known which examples are anomalies.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/eval/anomaly_scores.h"
#include "figment/eval/evaluate.h"
#include "figment/eval/ranking.h"
#include "figment/model/model.h"

namespace figment {

// The scores of trivial detectors fitted on `training`, of `training` itself and of `set`:
//   pca_K         squared error of PCA with K components: as many as the code has, 10, 20 and 40
//   pca_K_weighted  the same, weighted by ElementErrors (what is no image)
//   pca_K_share   unexplained_share of the same, with as many as the code has (images)
//   nearest       Euclidean distance to the nearest training example
//   nearest_share the least unexplained_share that a training example leaves (images)
// PCA needs two examples of at most kWidestPca elements; of more than 10,000 training examples the
// nearest are searched among every so-many-th.
struct TrivialScores {
  AnomalyScores training, set;
};
TrivialScores trivial_scores(int64_t code_dim, const Scaling& scaling, const Dataset& training,
                             const Dataset& set);

// One score with its threshold, the `quantile` of the scores of the training examples; what lies
// above is flagged. Nothing of the examples judged goes into it.
struct JudgedScore {
  std::string name{};
  torch::Tensor scores{};  // [n] double
  double threshold = 0;
  // The rest only where the anomalies are known.
  double auroc = 0, average_precision = 0;
  Flagging flagging{};
};

inline constexpr double kAnomalyQuantile = 0.95;

struct AnomalyJudgement {
  std::vector<JudgedScore> model{};    // the first is the one to go by
  std::vector<JudgedScore> trivial{};  // of trivial_scores
};

// `anomaly` [n] bool says which examples of `set` are anomalies; undefined where nobody knows.
AnomalyJudgement judge_anomalies(Model& model, const Scaling& scaling, const Dataset& training,
                                 const Dataset& set, const torch::Tensor& anomaly,
                                 double quantile = kAnomalyQuantile);

// As results: auroc, average_precision, f1, precision, recall and threshold of the first score,
// then auroc_NAME, f1_NAME, ... of each; NAME_auroc and NAME_f1 of a trivial one.
Results results_of(const std::vector<JudgedScore>& model);
Results trivial_results_of(const std::vector<JudgedScore>& trivial);

// [n] bool: which examples are of none of the classes `normal`, going by names: a class that `set`
// does not have is no mistake here. Undefined where there are no labels or no normal classes.
torch::Tensor known_anomalies(const Dataset& set, const std::vector<std::string>& normal);

}  // namespace figment
