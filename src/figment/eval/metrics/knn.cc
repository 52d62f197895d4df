// 5-NN accuracy of codes: how well the neighbours of a code tell its class. Ties go to the nearest.
#include <algorithm>

#include "figment/data/loader.h"
#include "figment/eval/metric.h"
#include "figment/eval/nearest.h"
#include "figment/eval/pca.h"

namespace figment::metrics {
namespace {

constexpr int64_t kNeighbours = 5;

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Encodes*>(&request.model);
  if (able == nullptr) metric_lacks(request, "knn", "encodes");
  need_labels(request.training, "knn");
  need_labels(request.set, "knn");
  request.model.eval();
  const auto codes_of = [&](const Dataset& set) {
    Loader loader(set, request.scaling, {512, false, 0, request.model.device()});
    std::vector<torch::Tensor> codes;
    for (int64_t i = 0; i < loader.batches(); ++i)
      codes.push_back(able->encode(loader.batch(0, i)).to(torch::kCPU));
    return torch::cat(codes);
  };
  const auto accuracy = [&](const torch::Tensor& training, const torch::Tensor& test) {
    return knn_accuracy(training, request.training.label, test, request.set.label, kNeighbours);
  };
  Measured out;
  out.metrics = {{"knn5_accuracy", accuracy(codes_of(request.training), codes_of(request.set))}};
  // The same of PCA with as many components.
  const auto train = request.scaling.to_model(request.training.x).flatten(1);
  const auto test = request.scaling.to_model(request.set.x).flatten(1);
  const auto k = std::min(able->code_dim(), train.size(1));
  if (train.size(1) <= kWidestPca) {
    const auto pca = fit_pca(train, k);
    out.baselines = {{"pca_" + std::to_string(k) + "_knn5_accuracy",
                      accuracy(pca.encode(train), pca.encode(test))}};
  }
  return out;
}

}  // namespace

extern const Metric knn;
const Metric knn = {"knn", "accuracy of the 5 nearest codes of the training part", &measure};

}  // namespace figment::metrics
