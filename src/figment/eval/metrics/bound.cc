// The variational bound on the negative log-likelihood, term by term (Ho et al. 2020, eq. 5;
// Nichol & Dhariwal 2021, figure 2).
#include "figment/eval/bound.h"

#include <cmath>
#include <cstdio>

#include "figment/core/error.h"
#include "figment/eval/metric.h"
#include "figment/model/bound_terms.h"

namespace figment::metrics {
namespace {

constexpr int64_t kTerms = 20;

// "steps_0002_0051_bits"
std::string name_of(const Stretch& stretch) {
  char name[64];
  std::snprintf(name, sizeof name, "steps_%04lld_%04lld_bits",
                static_cast<long long>(stretch.first), static_cast<long long>(stretch.last));
  return name;
}

Measured measure(const MetricRequest& request) {
  if (dynamic_cast<BoundTerms*>(&request.model) == nullptr)
    metric_lacks(request, "bound", "has a bound made of many steps");
  if (request.set.size() == 0)
    fail(Cause::kData, "eval bound", "expected examples to judge, got none");
  const auto terms = request.options.samples > 0 ? request.options.samples : kTerms;
  const auto found =
      bound_by_terms(request.model, request.scaling, request.set, {request.seed, terms});
  const auto bits = static_cast<double>(request.set.spec.elements()) * std::log(2.0);
  const bool images = request.set.spec.modality == Modality::kImage;
  Measured out;
  out.metrics = {{"bound", found.total},
                 {"bound_stderr", found.error},
                 {"bits_per_dim", found.bits_per_dim},
                 {"bits_per_dim_stderr", found.bits_error},
                 {"prior_bits", found.prior / bits},
                 {"decoder_bits", found.stretches.front().nats / bits}};
  for (std::size_t k = 1; k < found.stretches.size(); ++k)
    out.metrics.emplace_back(name_of(found.stretches[k]), found.stretches[k].nats / bits);
  out.intervals = {{"bound", {found.total - 1.96 * found.error, found.total + 1.96 * found.error}},
                   {"bits_per_dim",
                    {found.bits_per_dim - 1.96 * found.bits_error,
                     found.bits_per_dim + 1.96 * found.bits_error}}};
  out.notes = {
      {"bound", images ? "of the 256 greys of each pixel: not below -log p of the model"
                       : "of a density of the model's numbers; bits_per_dim on the scale of the "
                         "data, the parts on the model's"},
      {"terms", std::to_string(found.stretches.size()) +
                    " drawn an example, one in each stretch of steps, times its length"}};
  return out;
}

}  // namespace

extern const Metric bound;
const Metric bound = {"bound", "the variational bound of models of many steps, term by term",
                      &measure};

}  // namespace figment::metrics
