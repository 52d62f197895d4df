// Examples changed in what they are described by: through the code along attribute axes, or, where
// the model is conditional, by decoding the same code under another condition.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/apply/attribute_axes.h"
#include "figment/apply/code_space.h"

namespace figment {

struct AttributeEdit {
  std::string name{};
  double amount = 0;  // deviations of the attribute
};

// Reads NAME=+1.5. Throws Error(kConfig).
AttributeEdit parse_edit(const std::string& text);

// The axes of the model's codes, fitted on `training` and judged on `held_out`. Throws
// Error(kConfig) where examples have neither attributes nor classes, and for codes of more than
// 1,024 numbers.
AttributeAxes fit_axes(const CodeSpace& space, const Dataset& training, const Dataset& held_out);

// How an edit is done, for telling.
struct EditWay {
  AttributeEdit edit{};
  bool by_condition = false;         // the condition is changed and the code kept
  std::vector<std::string> fixed{};  // by axis: the predictions that stay
  double independence = 1;           // AttributeAxes::Direction
  // By axis: the mean change of this prediction, and the largest of the fixed ones, in deviations,
  // when the last step is decoded and encoded again. Asked for was `edit.amount`.
  double reached = 0, aside = 0;
};

struct Edited {
  std::vector<EditWay> ways{};
  // [n * (steps + 1), shape...] in the model's numbers, example by example: as reconstructed, then
  // in equal steps to the whole edit.
  torch::Tensor images{};
};

// All edits at once, in steps >= 1. Throws Error(kConfig) for an attribute that is not there, one
// named twice, and a class that a condition cannot be taken away from; Error(kData) for an axis
// that the others leave nothing of.
Edited edit(const CodeSpace& space, const AttributeAxes& axes, const Dataset& examples,
            const std::vector<AttributeEdit>& edits, int64_t steps);

}  // namespace figment
