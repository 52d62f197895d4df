// One coordinate of a code at a time, from low to high: what each of them stands for.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/apply/code_space.h"

namespace figment {

// How the codes of a set lie along each coordinate.
struct CodeStatistics {
  torch::Tensor mean, deviation;  // [k] double; the deviation over n

  // Coordinates by falling deviation, "the most active first" (the variance of the mean code over
  // examples is what active_units goes by); among equals the first first. [k] int64.
  torch::Tensor by_activity() const;
};
CodeStatistics statistics_of(const torch::Tensor& codes);  // [n, k]

// From -reach to +reach in `steps` equal steps, [steps] double; steps >= 2.
torch::Tensor deviations(double reach, int64_t steps);

// Codes [rows * steps, k]: row by row the code [k], with one coordinate of `coordinates` [rows]
// set to its mean and `at` [steps] times its deviation.
torch::Tensor traversal_codes(const torch::Tensor& code, const CodeStatistics& statistics,
                              const torch::Tensor& coordinates, const torch::Tensor& at);

struct Traversal {
  torch::Tensor coordinates;  // [rows] int64, the most active first
  CodeStatistics statistics;
  torch::Tensor images;  // [rows * steps, shape...] in the model's numbers
  torch::Tensor change;  // [rows] double: squared change of the decoded example from end to end
};

// Of the code of one example of `set`, in the `rows` most active coordinates (all, if there are
// fewer) of the codes of `training`.
Traversal traverse(const CodeSpace& space, const Dataset& one, const Dataset& training,
                   int64_t rows, const torch::Tensor& at);

}  // namespace figment
