// How unlike the normal examples an example is, by what a model of these makes of it: how badly it
// is reconstructed, how far its code lies from theirs, and both together. Joining the two follows
// Zong et al., "Deep autoencoding Gaussian mixture model for unsupervised anomaly detection", 2018.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"
#include "figment/model/model.h"

namespace figment {

// Scores by name: [n] double on the CPU, higher for what is less normal, never NaN.
using AnomalyScores = std::vector<std::pair<std::string, torch::Tensor>>;

// The mean and the inverse covariance of points, for Mahalanobis distances from them. The
// covariance is shrunk towards a multiple of the identity by as much as its own uncertainty asks
// (Ledoit & Wolf 2004), so it has an inverse where coordinates are dependent, constant, or more
// than the points.
struct Ellipsoid {
  torch::Tensor mean;        // [d] double
  torch::Tensor covariance;  // [d, d] double, after shrinking
  torch::Tensor inverse;     // [d, d]
  double shrinkage = 0;      // in [0, 1]

  torch::Tensor distance(const torch::Tensor& points) const;  // [n, d] -> [n] double
};
Ellipsoid fit_ellipsoid(const torch::Tensor& points);  // [n, d], n >= 1

// Mean Euclidean distance to the nearest 5 of a set of points, or to all but one if it has fewer.
class Neighbourhood {
 public:
  Neighbourhood() = default;
  // points [n, d], n >= 2; of more than 10,000, every so-many-th is kept.
  explicit Neighbourhood(const torch::Tensor& points);
  torch::Tensor distance(const torch::Tensor& queries) const;  // [m, d] -> [m] double
  // Of the points themselves [n], none of which counts as its own neighbour.
  torch::Tensor own_distance(const torch::Tensor& points) const;
  bool defined() const { return kept_.defined(); }

 private:
  torch::Tensor mean_nearest(const torch::Tensor& queries, const torch::Tensor& own) const;
  torch::Tensor kept_;   // [k, d] float32
  torch::Tensor index_;  // [k] int64, which of the points they were
  int64_t count_ = 5;    // of neighbours
};

// Pictures [n, C, H, W] blurred by a Gaussian whose standard deviation is 1/28 of the longer side.
torch::Tensor blurred(const torch::Tensor& pictures);

// The share of each picture x [n, C, H, W] that its reconstruction x' does not explain: 1 - cos^2
// of the angle between the two, both blurred, which is what is left of x after the best multiple of
// x' is taken away. Blurred, since a stroke a pixel away should count little; a share, since else
// pictures of few bright pixels would all look normal. [n] double in [0, 1]; 1 for a black one.
torch::Tensor unexplained_share(const torch::Tensor& x, const torch::Tensor& reconstruction);

// What an element is usually wrong by, so that an error can be told from its like: the mean over
// training examples of each element's squared error, of what is no padding, but at least 1/400 of
// the elements' mean variance, for those that training examples never get wrong. With its inverse
// as a weight a sum of squares is the Mahalanobis distance of the rest, were it independent.
class ElementErrors {
 public:
  // rest, x and real [n, d]: the errors, the examples, and 1 for what is no padding (undefined:
  // all).
  void add(const torch::Tensor& rest, const torch::Tensor& x, const torch::Tensor& real);
  bool defined() const { return sums_.defined(); }
  torch::Tensor weighted(const torch::Tensor& rest) const;  // [n, d], 0 in padding -> [n] double

 private:
  // [4, d] double, over what was added: squared errors, values, squared values, and how many.
  torch::Tensor sums_;
};

// log(1 + s / median), less its median and over its interquartile range, all of `training` scores
// [m]: brings scores of different units and tails to one.
struct Standardised {
  double unit = 1, median = 0, range = 1;
  Standardised() = default;
  explicit Standardised(const torch::Tensor& training);
  torch::Tensor operator()(const torch::Tensor& scores) const;
};

// Whether a model can be asked for any of the scores below.
bool scores_anomalies(Model& model);

// What is to be said wherever examples are ranked by a density.
inline constexpr const char* kDensityWarning =
    "a likelihood can take what a model has never seen for more typical than what it was trained "
    "on, above all if it is simpler (Nalisnick et al. 2019); hold it against the other scores";

// A detector of what is unlike the examples a model was trained on. Scores, where the model has the
// ability and the examples the form:
//   share      unexplained_share of the reconstruction, of images
//   combined   neighbours plus share (images) or weighted_error (others), both Standardised
//   weighted_error  of what is no image: the squared errors, each divided by that of its element
//              among the training examples (ElementErrors), summed
//   error      summed squared error of the reconstruction, of what is no padding
//   density    -log p of the example in nats, of models that tell it exactly (see eval/marginal.h)
//   code       Mahalanobis distance of the code, of 4,096 numbers at most, from those of the
//              training examples
//   neighbours mean distance of the code from the 5 nearest of theirs
// The first there is, in this order, is the one to go by.
class AnomalyDetector {
 public:
  // Fits what the scores need. Throws Error(kConfig) when the model has none of them, Error(kData)
  // without a training example.
  AnomalyDetector(Model& model, const Scaling& scaling, const Dataset& training);

  AnomalyScores score(const Dataset& set) const;  // the one to go by first
  // Those of the training examples, in the same order.
  const AnomalyScores& training() const { return training_; }

 private:
  struct Seen {
    // [n] each, [n, d]; undefined where there is none
    torch::Tensor error, weighted, share, density, code;
    const torch::Tensor& of_output() const { return share.defined() ? share : weighted; }
  };
  void learn_elements(const Dataset& training);
  Seen look_at(const Dataset& set) const;
  AnomalyScores scores_of(const Seen& seen, const torch::Tensor& neighbours) const;

  Model& model_;
  Scaling scaling_;
  torch::Tensor training_label_;  // [m], of which classes the training examples were
  Ellipsoid ellipsoid_;           // of the training codes
  Neighbourhood neighbourhood_;   // likewise
  Standardised of_code_, of_output_;
  ElementErrors elements_;  // of what is no image
  AnomalyScores training_;
};

}  // namespace figment
