// Whether what is decoded has the attributes that were asked for: each example is encoded, one
// attribute at a time is exchanged for that of another example, and what is decoded is measured.
#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/attributes.h"
#include "figment/data/loader.h"
#include "figment/eval/metric.h"
#include "figment/model/conditions.h"

namespace figment::metrics {
namespace {

constexpr int64_t kBatch = 500;

double correlation(const torch::Tensor& a, const torch::Tensor& b) {
  const auto x = a.to(torch::kDouble) - a.to(torch::kDouble).mean();
  const auto y = b.to(torch::kDouble) - b.to(torch::kDouble).mean();
  const auto norm = (x.square().sum() * y.square().sum()).sqrt().item<double>();
  return norm > 0 ? (x * y).sum().item<double>() / norm : 0;
}

// Attribute i of the answers to a batch whose attribute i is that of the example before.
struct Asked {
  std::vector<torch::Tensor> wanted, decoded, own;
};

void tell(const Asked& asked, const std::string& name, double deviation, Measured& out) {
  const auto wanted = torch::cat(asked.wanted), decoded = torch::cat(asked.decoded),
             own = torch::cat(asked.own);
  const auto miss = [&](const torch::Tensor& got) {
    return (got - wanted).abs().mean().item<double>() / deviation;
  };
  out.metrics.emplace_back(name + "_correlation", correlation(wanted, decoded));
  out.metrics.emplace_back(name + "_miss", miss(decoded));
  out.baselines.emplace_back("unchanged_" + name + "_miss", miss(own));
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* knows = attributes_of(request.model);
  auto* encodes = dynamic_cast<Encodes*>(&request.model);
  auto* conditions = dynamic_cast<Conditions*>(&request.model);
  if (knows == nullptr && dynamic_cast<KnowsAttributes*>(&request.model) != nullptr)
    fail(Cause::kConfig, "eval attributes",
         "expected a model that is given attributes (model.condition = \"attributes\")");
  if (knows == nullptr || encodes == nullptr)
    metric_lacks(request, "attributes", "is conditioned on attributes");
  const auto& names = request.model.example().attributes;
  std::vector<int64_t> measured;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& known = measured_attributes();
    if (std::find(known.begin(), known.end(), names[i]) != known.end())
      measured.push_back(static_cast<int64_t>(i));
  }
  if (measured.empty() || request.set.spec.modality != Modality::kImage || request.set.size() < 2)
    fail(Cause::kConfig, "eval attributes", "expected attributes that are measured in images (",
         join(measured_attributes(), ", "), "), got ", join(names, ", "));
  request.model.eval();
  std::vector<Asked> all(measured.size());
  Loader loader(request.set, request.scaling, {kBatch, false, 0, request.model.device()});
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    const auto code = encodes->encode(batch);
    for (std::size_t k = 0; k < measured.size(); ++k) {
      const auto at = measured[k];
      auto given = batch;
      given.attributes = batch.attributes.clone();
      given.attributes.select(1, at).copy_(batch.attributes.select(1, at).roll(1));
      const auto x = conditions->decode_as(code, given).to(torch::kCPU);
      all[k].wanted.push_back(given.attributes.select(1, at).to(torch::kCPU));
      all[k].own.push_back(batch.attributes.select(1, at).to(torch::kCPU));
      all[k].decoded.push_back(
          measure_attributes(x, {names[static_cast<std::size_t>(at)]}).select(1, 0));
    }
  }
  Measured out;
  const auto deviation = knows->attribute_deviation().to(torch::kCPU);
  for (std::size_t k = 0; k < measured.size(); ++k)
    tell(all[k], names[static_cast<std::size_t>(measured[k])],
         deviation[measured[k]].item<double>(), out);
  return out;
}

}  // namespace

extern const Metric attributes;
const Metric attributes = {
    "attributes", "whether what is decoded has the attributes that were asked for", &measure};

}  // namespace figment::metrics
