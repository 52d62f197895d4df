// Sums and differences of codes, "12 - 7 + 40" (after Mikolov et al. 2013, of words; Radford et al.
// 2015, https://arxiv.org/abs/1511.06434, of faces).
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/apply/code_space.h"

namespace figment {

// One term of a sum: what stands for a code, and how often it counts.
struct ArithmeticTerm {
  enum class Kind { kExample, kClass, kAttribute };
  Kind kind = Kind::kExample;
  double factor = 1;
  int64_t example = 0;  // kExample: its index
  std::string name{};   // kClass, kAttribute
  bool high = true;     // kAttribute: where it is high, or where it is low

  std::string text() const;  // "- 0.5 * class:3"
};

// Reads a sum of terms:
//   12                  example 12 of the part at hand
//   class:8             the mean of the training examples of class 8
//   slant:high, :low    the mean of the quarter of them with the most, or least, slant; of an
//                       attribute that is 0 or 1, of those that have it, or have it not
//   0.5*12              half of it
// Words may hold "-" and end at a space, "+" or "*"; between double quotes they may hold anything:
// class:"ankle boot". Throws Error(kConfig) that says at which column what was expected.
std::vector<ArithmeticTerm> parse_arithmetic(const std::string& text);

struct Arithmetic {
  torch::Tensor code;             // [k] the sum of the codes
  torch::Tensor decoded;          // [terms + 1, shape...] each term's code decoded, and the sum's
  torch::Tensor plain;            // [terms + 1, shape...] the same with examples in place of codes
  std::vector<int64_t> examples;  // how many examples each term is the mean of
};

// Examples are of `part`, means of `training`. A conditional model decodes each term under the
// conditions of its example, or of that whose code is nearest to the mean; the sum under those of
// the last term, which is commonly what the difference before it is laid on. Throws Error(kData)
// for an example that is not there, Error(kConfig) for a class or attribute that is not.
Arithmetic calculate(const CodeSpace& space, const std::vector<ArithmeticTerm>& terms,
                     const Dataset& part, const Dataset& training);

}  // namespace figment
