// Anomaly detection drawn: how the scores lie, and what each threshold would find.
#pragma once

#include <string>

#include "figment/eval/anomaly.h"
#include "figment/report/html.h"

namespace figment {

// Histogram of a score with its threshold: of the anomalies beside the normal examples where
// `anomaly` [n] bool is defined, else of all.
std::string score_histogram(const JudgedScore& score, const torch::Tensor& anomaly);

// ROC curves of the model's scores, and of the trivial ones that are named `pca_K` with K the width
// of the code, or `nearest`; each with its area.
std::string roc_plot(const AnomalyJudgement& judged, const torch::Tensor& anomaly,
                     int64_t code_dim);

// All scores with what they reach: the model's, then the trivial ones.
HtmlTable anomaly_table(const AnomalyJudgement& judged);

// What the numbers are of, for below them.
std::string threshold_sentence(const JudgedScore& score, bool known);

}  // namespace figment
