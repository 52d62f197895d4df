// How well examples of the test part find those of their class in the training part by their codes:
// precision at k and mean average precision, beside LSA or PCA of as many dimensions or bits.
#include "figment/eval/retrieval.h"

#include <algorithm>

#include "figment/data/loader.h"
#include "figment/data/padding.h"
#include "figment/eval/lsa.h"
#include "figment/eval/metric.h"
#include "figment/eval/pca.h"

namespace figment::metrics {
namespace {

constexpr int64_t kBatch = 512;

void add(Results& results, const std::string& prefix, const RetrievalQuality& quality) {
  for (const auto& [k, value] : quality.precision)
    results.emplace_back(prefix + "precision_at_" + std::to_string(k), value);
  results.emplace_back(prefix + "mean_average_precision", quality.mean_average_precision);
}

template <class Make>
torch::Tensor gather(const MetricRequest& request, const Dataset& set, Make&& make) {
  Loader loader(set, request.scaling, {kBatch, false, 0, request.model.device()});
  std::vector<torch::Tensor> parts;
  for (int64_t i = 0; i < loader.batches(); ++i)
    parts.push_back(make(loader.batch(0, i)).to(torch::kCPU));
  return torch::cat(parts);
}

// Real-valued codes of a linear model: as they are, and each cut at its median over the references.
void add_linear(Results& results, const std::string& name, const torch::Tensor& references,
                const torch::Tensor& queries, bool cosine, const MetricRequest& request) {
  const auto normalized = [&](const torch::Tensor& codes) {
    return cosine ? codes / codes.norm(2, 1, true).clamp_min(1e-12) : codes;
  };
  const auto& known = request.training.label;
  const auto& asked = request.set.label;
  add(results, name + "_",
      retrieval_quality(normalized(references), known, normalized(queries), asked,
                        request.within_training));
  const auto median = std::get<0>(references.median(0, true));
  const auto bits = [&](const torch::Tensor& codes) {
    return pack((codes > median).to(torch::kByte));
  };
  add(results, name + "_bits_",
      retrieval_quality(bits(references), known, bits(queries), asked, request.within_training));
}

Results baselines_of(const MetricRequest& request, int64_t width) {
  Results out;
  const auto elements = request.model.example().elements();
  if (elements > kWidestPca) return out;
  const auto k = std::min({width, elements, request.training.size()});
  if (holds_counts(request.training)) {
    const auto lsa = fit_lsa(request.training.x, k);
    add_linear(out, "lsa_" + std::to_string(k), lsa.encode(request.training.x),
               lsa.encode(request.set.x), /*cosine=*/true, request);
    return out;
  }
  if (request.training.size() < 2) return out;
  const auto numbers = numbers_of(request.scaling);
  const auto known = padded_for(request.scaling, request.training);
  const auto pca = fit_pca(known, k, numbers);
  add_linear(out, "pca_" + std::to_string(k), pca.encode(known, numbers),
             pca.encode(padded_for(request.scaling, request.set), numbers), /*cosine=*/false,
             request);
  return out;
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* hashes = dynamic_cast<Hashes*>(&request.model);
  auto* encodes = dynamic_cast<Encodes*>(&request.model);
  if (hashes == nullptr && encodes == nullptr)
    metric_lacks(request, "retrieval", "hashes or encodes");
  need_labels(request.training, "retrieval");
  need_labels(request.set, "retrieval");
  need_others(request, "retrieval");
  request.model.eval();
  const auto& known = request.training.label;
  const auto& asked = request.set.label;
  Measured out;
  if (hashes != nullptr) {
    const auto bits = [&](const Dataset& set) {
      return pack(gather(request, set, [&](const Batch& batch) { return hashes->hash(batch); }));
    };
    add(out.metrics, "",
        retrieval_quality(bits(request.training), known, bits(request.set), asked,
                          request.within_training));
    out.baselines = baselines_of(request, hashes->bits());
    return out;
  }
  const auto codes = [&](const Dataset& set) {
    return gather(request, set, [&](const Batch& batch) { return encodes->encode(batch); });
  };
  add(out.metrics, "",
      retrieval_quality(codes(request.training), known, codes(request.set), asked,
                        request.within_training));
  out.baselines = baselines_of(request, encodes->code_dim());
  return out;
}

}  // namespace

extern const Metric retrieval;
const Metric retrieval = {
    "retrieval", "precision at k and mean average precision of the nearest codes, by class",
    &measure};

}  // namespace figment::metrics
