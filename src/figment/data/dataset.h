// What a data set is to figment: examples in one tensor, with labels and names, however they came.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace figment {

enum class Modality { kImage, kVector, kSeries };

const char* name_of(Modality modality);  // "image", "vector", "series"

// What one example is: enough to build a model for it with no example at hand.
struct ExampleSpec {
  Modality modality = Modality::kImage;
  std::vector<int64_t> shape{};        // image [C, H, W]; vector [D]; series [T, D]
  std::vector<std::string> classes{};  // names of the classes in the order of labels; may be empty
  std::vector<std::string> attributes{};  // names of what describes an example beside its class

  int64_t elements() const;  // product of the shape
  std::string text() const;  // "image 1x28x28, 10 classes"
};

// A set of examples in memory. Cheap to copy: tensors are shared.
struct Dataset {
  std::string name{};
  ExampleSpec spec{};
  // [n, spec.shape...]: uint8 in 0..255 (images), or float32. Contiguous, on the CPU.
  torch::Tensor x{};
  // [n] int64 in [0, spec.classes.size()); undefined when there are no labels.
  torch::Tensor label{};
  // [n] int64 in 1..T: how many steps of each series are real; the rest of its T is padding.
  // Undefined when all are whole.
  torch::Tensor length{};
  // [n, spec.attributes.size()] float32: yes (1) or no (0), or any real values; undefined when
  // there are none.
  torch::Tensor attributes{};
  // Names of the D columns of vectors, or their positions in a table without names; may be empty.
  std::vector<std::string> columns{};
  // For each of these columns the words that it holds, whose positions are then its values in x;
  // empty for a column of numbers. Empty when all are of numbers, as in what open_data returns.
  std::vector<std::vector<std::string>> categories{};
  // [D] bool: which columns are one-hot inputs of words, 0 or 1 as they are; undefined where none
  // is.
  torch::Tensor one_hot{};

  int64_t size() const { return x.defined() ? x.size(0) : 0; }
  // The examples at `index` [m] int64, in that order.
  Dataset select(const torch::Tensor& index) const;
  // Its examples, then those of `more`, which must be of the same kind.
  Dataset joined(const Dataset& more) const;
  // The first n examples (all, if there are fewer).
  Dataset first(int64_t n) const;
};

// What a reader or a generator returns: a training set and, if the source has one, its test set.
struct Source {
  Dataset train{};
  std::optional<Dataset> test{};
};

}  // namespace figment
