#include "figment/apply/traversal.h"

#include <algorithm>

#include "figment/core/error.h"

namespace figment {

CodeStatistics statistics_of(const torch::Tensor& codes) {
  const auto wide = codes.to(torch::kDouble);
  return {wide.mean(0), wide.std(0, /*unbiased=*/false)};
}

torch::Tensor CodeStatistics::by_activity() const {
  return std::get<1>(deviation.sort(/*stable=*/true, 0, /*descending=*/true));
}

torch::Tensor deviations(double reach, int64_t steps) {
  FIGMENT_CHECK(steps >= 2);
  return torch::linspace(-reach, reach, steps, torch::kDouble);
}

torch::Tensor traversal_codes(const torch::Tensor& code, const CodeStatistics& statistics,
                              const torch::Tensor& coordinates, const torch::Tensor& at) {
  const auto rows = coordinates.size(0), steps = at.size(0);
  auto out = code.to(torch::kDouble).view({1, 1, -1}).repeat({rows, steps, 1});
  const auto value = statistics.mean.index_select(0, coordinates).unsqueeze(1) +
                     statistics.deviation.index_select(0, coordinates).unsqueeze(1) *
                         at.to(torch::kDouble).unsqueeze(0);  // [rows, steps]
  const auto where = coordinates.view({rows, 1, 1}).expand({rows, steps, 1});
  out.scatter_(2, where, value.unsqueeze(2));
  return out.flatten(0, 1).to(torch::kFloat);
}

Traversal traverse(const CodeSpace& space, const Dataset& one, const Dataset& training,
                   int64_t rows, const torch::Tensor& at) {
  FIGMENT_CHECK(one.size() == 1 && rows >= 1);
  Traversal out;
  out.statistics = statistics_of(space.encode(training));
  out.coordinates = out.statistics.by_activity().narrow(0, 0, std::min(rows, space.width()));
  const auto codes = traversal_codes(space.encode(one)[0], out.statistics, out.coordinates, at);
  out.images = space.decode(codes, one);
  const auto steps = at.size(0), n = out.coordinates.size(0);
  const auto by_row = out.images.flatten(1).to(torch::kDouble).view({n, steps, -1});
  out.change = (by_row.select(1, steps - 1) - by_row.select(1, 0)).square().sum(1);
  return out;
}

}  // namespace figment
