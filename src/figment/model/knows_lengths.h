// Ability of models of series that end early: they learn and judge what comes before the end of
// each (Batch::length), and take no notice of what pads it.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace figment {

struct KnowsLengths {
  virtual ~KnowsLengths() = default;
  // code [n, code_dim], length [n] int64 in 1..T, or undefined for T -> series [n, T, D] of so many
  // steps, and 0 behind them.
  virtual torch::Tensor decode_series(const torch::Tensor& code, const torch::Tensor& length) = 0;
};

// The families whose models are of this kind, for messages: a small model of each is made and
// asked.
std::vector<std::string> families_that_know_lengths();

}  // namespace figment
