// More that conditional models can be asked, by ability as in abilities.h.
#pragma once

#include <torch/torch.h>

#include "figment/model/abilities.h"
#include "figment/model/model.h"

namespace figment {

// Is conditioned on attributes and knows how they were distributed over its training set. Their
// order is that of ExampleSpec::attributes. For such a model a NaN in SampleRequest::attributes
// leaves that one open: it is drawn, given those that are asked for.
struct KnowsAttributes {
  virtual ~KnowsAttributes() = default;
  // [a] each, in the data's numbers; a deviation is above 0.
  virtual torch::Tensor attribute_mean() const = 0;
  virtual torch::Tensor attribute_deviation() const = 0;
  // [a] bool: whether an attribute is one of yes (1) and no (0).
  virtual torch::Tensor attribute_is_yes_or_no() const = 0;
};

// Completes one part of an example from another that is always the same.
struct CompletesPart {
  virtual ~CompletesPart() = default;
  virtual torch::Tensor known() const = 0;  // [1, 1, H, W], 1 in the part that it is given
  // The logits [n, shape...] by which one network without a code answers: one guess for all.
  virtual torch::Tensor guess(const Batch& batch) = 0;
};

// The model as one of these, or null: being conditional on something else, it has the interface and
// cannot answer.
KnowsAttributes* attributes_of(Model& model);
CompletesPart* part_of(Model& model);
// The model as a classifier, or null. A conditional model is one where its condition is a class.
Classifies* classifier_of(Model& model);

// The model as one of p(x | class), or null: its condition is a class and it has a density.
Densities* class_densities_of(Model& model);

}  // namespace figment
