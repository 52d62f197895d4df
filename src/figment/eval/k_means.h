// k-means by Lloyd's iteration: for baselines.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// k means [k, d] of x [n, d] float32 on the CPU, 1 <= k <= n, after `steps` iterations from the
// first k examples. A mean that no example is nearest to stays where it is.
torch::Tensor k_means(const torch::Tensor& x, int64_t k, int64_t steps);

}  // namespace figment
