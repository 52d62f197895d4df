// What a classifier says of a set of samples: how sure and how varied, which classes and how many
// of each, and whether they are those that were asked for.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/eval/bootstrap.h"

namespace figment {

// exp of the mean of KL(p(class | x) || p(class)) over log_p [n, classes], from 1 to the number of
// classes (Salimans et al., "Improved techniques for training GANs", 2016, section 4; there of the
// Inception network, here of whichever made log_p).
double inception_score(const torch::Tensor& log_p);
Interval inception_interval(const torch::Tensor& log_p);

// The shares of the classes among log_p [n, classes], each row counted for its likeliest: [classes]
// double.
torch::Tensor class_shares(const torch::Tensor& log_p);

struct ClassBalance {
  int64_t present = 0;         // classes that are expected at all
  double found = 0;            // of these, those with a tenth of the expected share at least
  double total_variation = 0;  // half the sum of the differences of shares; 0 is the same, 1 none
  Interval found_interval{}, total_variation_interval{};
};
// Of samples against the shares `expected` [classes] double. A class without a tenth of its share
// is not found: a classifier that errs puts some samples into every class.
ClassBalance class_balance(const torch::Tensor& log_p, const torch::Tensor& expected);

}  // namespace figment
