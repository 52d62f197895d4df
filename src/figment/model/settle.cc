#include "figment/model/settle.h"

namespace figment {

void settle_on_average(Optimizer& optimizer) {
  const torch::NoGradGuard no_grad;
  auto averages = optimizer.average();
  for (auto& [name, average] : averages) average = average.clone();
  optimizer.swap_average();
  optimizer.load_average(averages, "the averages of '" + optimizer.name() + "'");
}

}  // namespace figment
