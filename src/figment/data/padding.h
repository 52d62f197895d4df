// What stands behind the end of series that end before the others.
#pragma once

#include <torch/torch.h>

#include "figment/data/dataset.h"
#include "figment/data/scaling.h"

namespace figment {

// x [n, T, ...] with `value` in every step from `length` [n] on; x itself when length is undefined,
// as it is where all examples are whole. Arrays and tables say by NaN, or by nothing, where a
// series has ended; models see 0.
torch::Tensor with_padding(const torch::Tensor& x, const torch::Tensor& length, double value);

// Examples x [n, shape...] of a set, with their lengths, as a model sees them: scaled, and 0 where
// a series has ended, whatever the scaling made of it. float32, on the device of x.
torch::Tensor to_model(const Scaling& scaling, const torch::Tensor& x, const torch::Tensor& length);

// The examples of a set in its own numbers, with what `scaling` makes 0 of where a series has
// ended: for what scales rows without knowing how long they are. x itself where all are whole.
torch::Tensor padded_for(const Scaling& scaling, const Dataset& set);

// [n, elements] float32: 1 for what the examples of a set hold, 0 for what pads them; undefined
// where nothing does.
torch::Tensor real_elements(const Dataset& set);

}  // namespace figment
