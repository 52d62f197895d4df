// How a classifier errs: which classes it takes for which, and where it was surest and wrong.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// label and predicted [n] int64 in [0, classes) -> [classes, classes] int64: how many examples of
// the row's class were taken for the column's.
torch::Tensor confusion_matrix(const torch::Tensor& label, const torch::Tensor& predicted,
                               int64_t classes);

// log_p [n, classes], label [n] -> [m] int64, m <= most: the examples whose likeliest class is not
// theirs, those with the highest probability of it first.
torch::Tensor surest_errors(const torch::Tensor& log_p, const torch::Tensor& label, int64_t most);

}  // namespace figment
