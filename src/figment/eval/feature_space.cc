#include "figment/eval/feature_space.h"

#include <algorithm>
#include <cstdio>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kPiece = 4096;

}  // namespace

FeatureSpace::FeatureSpace(const Dataset& training, Scaling scaling)
    : scaling_(std::move(scaling)), elements_(training.spec.elements()) {
  const auto numbers =
      std::to_string(elements_) + " numbers of an example, as " +
      (training.spec.modality == Modality::kImage ? "pixels in [0, 1]" : "scaled for the model");
  if (elements_ <= kComponents) {
    title_ = "the " + numbers + " (no network)";
    return;
  }
  if (elements_ > kWidestPca || training.size() < 2)
    fail(Cause::kData, training.name, "expected at least 2 examples of at most ", kWidestPca,
         " numbers, to compare them by principal components, got ", training.size(), " of ",
         elements_,
         "; give labels, so that a network can learn from them, or a network with "
         "--features");
  const auto k = std::min({kComponents, elements_, training.size()});
  pca_ = fit_pca(scaling_.to_model(training.x).flatten(1), k);
  char share[64];
  std::snprintf(share, sizeof share, "%.1f %%",
                100 * pca_->variance.sum().item<double>() / std::max(pca_->total, 1e-300));
  title_ = "first " + std::to_string(k) + " principal components of " + training.name + " (" +
           share + " of the variance) of the " + numbers + " (no network)";
}

int64_t FeatureSpace::width() const {
  if (net_) return net_->width();
  return pca_ ? pca_->axes.size(1) : elements_;
}

const std::vector<std::string>& FeatureSpace::classes() const {
  static const std::vector<std::string> none;
  return net_ ? net_->spec().classes : none;
}

Evidence FeatureSpace::observe(const torch::Tensor& x) const {
  torch::NoGradGuard no_grad;
  if (net_) {
    auto answer = net_->look(x);
    return {answer.features, answer.logits};
  }
  std::vector<torch::Tensor> parts;
  for (const auto& part : x.split(kPiece)) {
    const auto numbers = scaling_.to_model(part).flatten(1);
    parts.push_back(pca_ ? pca_->encode(numbers) : numbers);
  }
  return {torch::cat(parts), {}};
}

FeatureSpace feature_space(const std::string& file, const Dataset& training, const Dataset& test,
                           const Scaling& scaling, const Say& say) {
  if (!file.empty()) {
    if (training.spec.modality != Modality::kImage)
      fail(Cause::kConfig, "--features", "expected images for a feature network, got ",
           training.spec.text(), "; leave --features out");
    return FeatureSpace(read_feature_net(file));
  }
  if (suits_lenet(training)) return FeatureSpace(lenet(training, test, say));
  return FeatureSpace(training, scaling);
}

}  // namespace figment
