// A few labelled examples chosen from many: what a training with few labels learns classes from.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace figment {

// For each of `classes` classes its equal share of `count` examples (the first count mod classes
// have one more): those whose numbers have the lowest checksums, equal ones once. So the choice
// depends on the examples it was shown, and not on their order, the batches, or the seed of a
// training.
class LabelChoice {
 public:
  LabelChoice() = default;
  LabelChoice(int64_t count, int64_t classes, int64_t elements);

  // Looks at a batch: examples [n, ...] with `elements` elements each, labels [n].
  void offer(const torch::Tensor& examples, const torch::Tensor& labels);
  // In an order that is the choice's own too. Throws Error(kData) when a class had too few.
  void conclude(const std::vector<std::string>& names);

  // Which of examples [n, ...] were chosen, [n] bool on their device.
  torch::Tensor has(const torch::Tensor& examples) const;

  int64_t size() const { return label.defined() ? label.size(0) : 0; }
  int64_t found() const;  // examples chosen so far

  // The state, to be registered as buffers.
  torch::Tensor x{};          // [count, elements] float32
  torch::Tensor label{};      // [count] int64, by class; -1 where none was found yet
  torch::Tensor checksums{};  // [count] int64

 private:
  // The rows of a class: [begin, end).
  std::pair<int64_t, int64_t> rows_of(int64_t one) const;
  int64_t classes_ = 0;
};

}  // namespace figment
