// How far a number would move with other examples: the bootstrap (Efron 1979).
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <utility>

namespace figment {

using Interval = std::pair<double, double>;

// The mean of each column of rows [n, c] over n drawn rows, `draws` times: [draws, c] double. Rows
// are drawn with replacement, from `seed`.
torch::Tensor resampled_means(const torch::Tensor& rows, int64_t draws, std::uint64_t seed);

// The 95 % interval between the quantiles of `draws` values [draws].
Interval percentile_interval(const torch::Tensor& values);

// value +- 1.96 standard deviations of the resampled `values`. Their mean is not used: where a
// statistic is biased in n, resampling biases it once more, and the quantiles would not even hold
// the value itself.
Interval normal_interval(double value, const torch::Tensor& values);

// The interval of the mean of values [n], by 1,000 draws.
Interval mean_interval(const torch::Tensor& values);

// [n] int64, n rows drawn with replacement: draw number `draw` of the stream of `seed`.
torch::Tensor drawn_rows(int64_t n, std::uint64_t seed, std::uint64_t draw);

}  // namespace figment
