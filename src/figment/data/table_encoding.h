// Columns of a table made numbers for a model: one-hot for words, logarithms where they are asked
// for. Learned on the training part and kept in the checkpoint, so that any other table is encoded
// exactly like it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "figment/data/dataset.h"

namespace figment {

struct TableEncoding {
  struct Column {
    std::string name{};
    // The words of the training part, sorted: one input each, "service=http". Words met later only
    // are all zeros. Empty: a column of numbers.
    std::vector<std::string> categories{};
    bool log1p = false;  // x becomes sign(x) log(1 + |x|)
  };
  std::vector<Column> columns{};  // in the order of the inputs; empty for what is no table
  int64_t steps = 0;              // series with padding: T, to which shorter ones are padded

  // What suits the examples `training`. `log1p` names columns of numbers; "*" is all of them.
  // Throws Error(kConfig) for a name in `log1p` that is none, Error(kData) for a column of so many
  // words that it must be an identifier.
  static TableEncoding fit(const Dataset& training, const std::vector<std::string>& log1p);

  bool empty() const { return columns.empty() && steps == 0; }
  // The inputs that the columns become.
  std::vector<std::string> input_names() const;
  // The examples as float32 [n, inputs] with their names. Columns are found by name, or by position
  // where one of the two tables has no names. Throws Error(kData) with `where` naming a column that
  // is missing, one too many, and words where training had numbers or the reverse.
  Dataset encode(const Dataset& given, const std::string& where) const;
  // Inputs [n, inputs] with logarithms undone; one-hot inputs and what is no table stay as they
  // are.
  torch::Tensor to_data(const torch::Tensor& inputs) const;
  // "41 columns: 38 of numbers, 3 of words (protocol_type 3, service 66, flag 11)"
  std::string text() const;
};

}  // namespace figment
