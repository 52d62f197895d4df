// Directions of the latent space along which an attribute of examples grows, found by regression of
// the attributes on codes, and made independent of one another. After Shen et al., "Interpreting
// the latent space of GANs for semantic face editing", 2020, https://arxiv.org/abs/1907.10786
// (section 3.3: conditional manipulation), here in the metric of the codes.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/data/dataset.h"

namespace figment {

// What is known of examples beside themselves: their attributes, and each class as one of yes or
// no, named "class:NAME".
struct AttributeTable {
  struct Column {
    std::string name{};
    bool yes_no = false;  // all values are 0 or 1
    bool of_class = false;
  };
  std::vector<Column> columns{};
  torch::Tensor values{};  // [n, columns] double

  std::vector<std::string> names() const;
};
// `set` with its attributes and, where it has at most `most_classes`, its classes.
AttributeTable attribute_table(const Dataset& set, int64_t most_classes = 50);

// One attribute as a function of the code: of numbers by linear, of yes or no by logistic
// regression, both with a small ridge.
struct AttributeAxis {
  AttributeTable::Column column{};
  double mean = 0, deviation = 0;  // of the attribute over the examples it was fitted on
  // [k] double: the prediction of a code z is weight . (z - mean of the codes), in deviations of
  // the attribute; of yes or no in deviations of the predicted log-odds. 0 when there is nothing to
  // predict, as the attribute or the codes never change.
  torch::Tensor weight{};
  // On examples held out: the share R^2 of the attribute's variance that the prediction explains
  // (below 0 is worse than the mean), or the AUROC of a yes or no (0.5 is chance). NaN where all
  // held-out examples have the same value.
  double quality = 0;

  // Whether codes tell anything of it: R^2 of 0.1, AUROC of 0.6 or more.
  bool told() const { return quality >= (column.yes_no ? 0.6 : 0.1); }
  const char* measure() const { return column.yes_no ? "auroc" : "r2"; }
};

class AttributeAxes {
 public:
  // Codes [n, k], n >= 2, and what is known of these examples; the same of examples held out.
  AttributeAxes(const torch::Tensor& codes, const AttributeTable& known,
                const torch::Tensor& held_out_codes, const AttributeTable& held_out);

  const std::vector<AttributeAxis>& axes() const { return axes_; }
  // Throws Error(kConfig) naming what there is.
  std::size_t index_of(const std::string& name) const;

  // Predictions [n, axes] double of codes [n, k].
  torch::Tensor predict(const torch::Tensor& codes) const;

  // The way along which the prediction of one attribute grows by 1 for each unit, and those of the
  // `fixed` ones not at all: of all such, the shortest in the metric of the codes (Mahalanobis),
  // which is the one least unlike the codes seen.
  struct Direction {
    torch::Tensor way;  // [k] double
    // How much of the axis is left once it is independent, 0 to 1: 0 when the fixed ones say all
    // that it says, and then `way` is 0.
    double independence = 0;
  };
  Direction direction(std::size_t axis, const std::vector<std::size_t>& fixed) const;

  // What to keep fixed while `axis` moves: of what codes tell anything of, for an attribute all
  // other attributes, and all classes if enough of the axis is left then; for a class all
  // attributes. An axis of noise would only bend the way.
  std::vector<std::size_t> usual_fixed(std::size_t axis) const;

 private:
  std::vector<AttributeAxis> axes_;
  torch::Tensor mean_;  // [k] double, of the codes
  torch::Tensor root_;  // [k, k] double, the square root of their covariance
};

// Ridge regressions on standardised columns of z [n, k] double: the weights [k] of the model
// target ~ offset + z . w. `target` [n] double, for logistic regression of 0 and 1. For tests.
torch::Tensor linear_regression(const torch::Tensor& z, const torch::Tensor& target);
torch::Tensor logistic_regression(const torch::Tensor& z, const torch::Tensor& target);

}  // namespace figment
