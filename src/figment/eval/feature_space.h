// Where examples are compared: the features of a network, principal components, or the numbers
// themselves; always with a name, since a distance without it means nothing.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/eval/feature_net.h"
#include "figment/eval/lenet.h"
#include "figment/eval/pca.h"
#include "figment/eval/plain_classifier.h"

namespace figment {

// What is known of a set of n examples.
struct Evidence {
  torch::Tensor features{};  // [n, width] float32
  torch::Tensor log_p{};     // [n, classes], log p(class | x); undefined without a classifier

  int64_t size() const { return features.size(0); }
};

// Components that are kept of examples without labels or of vectors that are wider.
inline constexpr int64_t kComponents = 64;
// The side to which pictures of more than kWidestPca numbers are brought before these are found.
inline constexpr int64_t kComponentSide = 32;

// Whether a plain classifier can learn what the classes of such examples are: labelled vectors or
// series, of two classes at least. Of images a network learns (suits_lenet).
bool teaches_classes(const Dataset& set);

class FeatureSpace {
 public:
  // Some examples of a set, as it holds them -> what is looked at in their place.
  using Change = std::function<torch::Tensor(const torch::Tensor&)>;

  explicit FeatureSpace(FeatureNet net) : net_(std::move(net)) {}
  // Of vectors and series, and of images without labels: the numbers themselves, as `scaling` gives
  // them to a model, or the first 64 principal components of `training` where there are more. Of
  // images of more than kWidestPca numbers those of the images at 32x32; of wider vectors and
  // series those of as many examples as have 2^23 numbers. Throws Error(kData) for fewer than 2
  // examples where there are components.
  FeatureSpace(const Dataset& training, Scaling scaling);

  // Has a plain classifier learn from the features of labelled examples (teaches_classes) what
  // their classes are. `test` says how good it is where it has labels of the same classes; it may
  // be empty. Draws from LibTorch's generator.
  void learn_classes(const Dataset& training, const Dataset& test);

  const std::string& title() const { return net_ ? net_->spec().title : title_; }
  int64_t width() const;
  // Names in the order of the columns of log_p; empty without a classifier.
  const std::vector<std::string>& classes() const;
  // What learn_classes made; empty before.
  const std::string& classifier() const { return classifier_title_; }

  // x [n, shape...] in the data's numbers (images uint8), gone through in pieces.
  Evidence observe(const torch::Tensor& x) const;
  // Of the rows `index` [m] int64 of x alone, a few of which are taken at a time, and changed first
  // if `change` is given.
  Evidence observe(const torch::Tensor& x, const torch::Tensor& index,
                   const Change& change = {}) const;
  // [n, classes] of features [n, width], by what learn_classes made.
  torch::Tensor log_p(const torch::Tensor& features) const;

 private:
  torch::Tensor numbers(const torch::Tensor& rows) const;
  void fit(const Dataset& training, int64_t elements);
  Dataset as_vectors(const torch::Tensor& features) const;

  std::optional<FeatureNet> net_{};
  std::string title_{};
  Scaling scaling_{};
  bool shrinks_ = false;  // images to kComponentSide
  std::optional<Pca> pca_{};
  int64_t elements_ = 0;
  std::shared_ptr<PlainClassifier> classifier_{};
  std::vector<std::string> classes_{};  // of classifier_
  std::string classifier_title_{};
};

// The space for examples like those of `training`: the network in `file` (images alone), or, when
// it is empty, the LeNet of labelled images (see lenet()), or components. Throws what these throw.
FeatureSpace feature_space(const std::string& file, const Dataset& training, const Dataset& test,
                           const Scaling& scaling, const Say& say = {});

}  // namespace figment
