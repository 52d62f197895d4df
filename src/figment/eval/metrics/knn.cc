// 5-NN accuracy of codes: how well the neighbours of a code tell its class, beside PCA and, of
// counts, LSA of as many dimensions. Ties go to the nearest.
#include <algorithm>

#include "figment/data/loader.h"
#include "figment/data/padding.h"
#include "figment/eval/lsa.h"
#include "figment/eval/metric.h"
#include "figment/eval/nearest.h"
#include "figment/eval/pca.h"

namespace figment::metrics {
namespace {

constexpr int64_t kNeighbours = 5;

// Among codes of length 1 the nearest by Euclidean distance are those of the largest cosine.
torch::Tensor of_length_one(const torch::Tensor& codes) {
  return codes / codes.norm(2, 1, true).clamp_min(1e-12);
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Encodes*>(&request.model);
  if (able == nullptr) metric_lacks(request, "knn", "encodes");
  need_labels(request.training, "knn");
  need_labels(request.set, "knn");
  need_others(request, "knn");
  request.model.eval();
  const auto codes_of = [&](const Dataset& set) {
    Loader loader(set, request.scaling, {512, false, 0, request.model.device()});
    std::vector<torch::Tensor> codes;
    for (int64_t i = 0; i < loader.batches(); ++i)
      codes.push_back(able->encode(loader.batch(0, i)).to(torch::kCPU));
    return torch::cat(codes);
  };
  const auto accuracy = [&](const torch::Tensor& training, const torch::Tensor& test) {
    return knn_accuracy(training, request.training.label, test, request.set.label, kNeighbours,
                        request.within_training);
  };
  Measured out;
  out.metrics = {{"knn5_accuracy", accuracy(codes_of(request.training), codes_of(request.set))}};
  // The same of linear codes of as many dimensions.
  const auto train = padded_for(request.scaling, request.training);
  const auto test = padded_for(request.scaling, request.set);
  const auto elements = request.model.example().elements();
  if (elements > kWidestPca || request.training.size() < 2) return out;
  const auto k = std::min(able->code_dim(), elements);
  const auto numbers = numbers_of(request.scaling);
  const auto pca = fit_pca(train, k, numbers);
  out.baselines = {{"pca_" + std::to_string(k) + "_knn5_accuracy",
                    accuracy(pca.encode(train, numbers), pca.encode(test, numbers))}};
  if (!holds_counts(request.training)) return out;
  // Of raw counts PCA sees the few most frequent words; LSA is what is known to work, by cosine.
  const auto lsa = fit_lsa(train, std::min(k, request.training.size()));
  out.baselines.emplace_back(
      "lsa_" + std::to_string(lsa.axes.size(1)) + "_knn5_accuracy",
      accuracy(of_length_one(lsa.encode(train)), of_length_one(lsa.encode(test))));
  return out;
}

}  // namespace

extern const Metric knn;
const Metric knn = {"knn", "accuracy of the 5 nearest codes of the training part", &measure};

}  // namespace figment::metrics
