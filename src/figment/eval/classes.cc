#include "figment/eval/classes.h"

#include <algorithm>
#include <tuple>

namespace figment {

torch::Tensor confusion_matrix(const torch::Tensor& label, const torch::Tensor& predicted,
                               int64_t classes) {
  return torch::bincount(label * classes + predicted, {}, classes * classes)
      .view({classes, classes});
}

torch::Tensor surest_errors(const torch::Tensor& log_p, const torch::Tensor& label, int64_t most) {
  const auto [best, predicted] = log_p.max(1);
  const auto wrong = (predicted != label).nonzero().flatten();
  const auto order = best.index_select(0, wrong).argsort(0, /*descending=*/true);
  return wrong.index_select(0, order.narrow(0, 0, std::min(most, order.size(0))));
}

}  // namespace figment
