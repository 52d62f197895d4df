// Where examples are compared: the features of a network, principal components, or the numbers
// themselves; always with a name, since a distance without it means nothing.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/eval/feature_net.h"
#include "figment/eval/lenet.h"
#include "figment/eval/pca.h"

namespace figment {

// What is known of a set of n examples.
struct Evidence {
  torch::Tensor features{};  // [n, width] float32
  torch::Tensor log_p{};     // [n, classes], log p(class | x); undefined without a classifier

  int64_t size() const { return features.size(0); }
};

// Components that are kept of examples without labels or of vectors that are wider.
inline constexpr int64_t kComponents = 64;

class FeatureSpace {
 public:
  explicit FeatureSpace(FeatureNet net) : net_(std::move(net)) {}
  // Of vectors and series, and of images without labels: the numbers themselves, as `scaling` gives
  // them to a model, or the first 64 principal components of `training` where there are more.
  // Throws Error(kData) for more than kWidestPca numbers an example, or fewer than 2 examples.
  FeatureSpace(const Dataset& training, Scaling scaling);

  const std::string& title() const { return net_ ? net_->spec().title : title_; }
  int64_t width() const;
  // Names in the order of the columns of log_p; empty without a classifier.
  const std::vector<std::string>& classes() const;

  // x [n, shape...] in the data's numbers (images uint8), gone through in pieces.
  Evidence observe(const torch::Tensor& x) const;

 private:
  std::optional<FeatureNet> net_{};
  std::string title_{};
  Scaling scaling_{};
  std::optional<Pca> pca_{};
  int64_t elements_ = 0;
};

// The space for examples like those of `training`: the network in `file` (images alone), or, when
// it is empty, the LeNet of labelled images (see lenet()), or components. Throws what these throw.
FeatureSpace feature_space(const std::string& file, const Dataset& training, const Dataset& test,
                           const Scaling& scaling, const Say& say = {});

}  // namespace figment
