// Batch normalization and a nonlinearity in one, over maps that lie plane by plane (NCHW).
#pragma once

#include <cstdint>

#include "figment/kernels/curve.h"

namespace figment {

// x[n, channels, places].
struct BatchNormShape {
  std::int64_t n, channels, places;
  Curve curve;
};

// How many neighbouring channels are best taken in one call: as many as bring a kilobyte or so of
// every example, all of which then stay in the cache from the first walk to the second.
std::int64_t batch_norm_channels(const BatchNormShape& shape);

// y = f(z), z = (x - mean) / sqrt(variance + epsilon) gamma + beta, mean and variance over examples
// and places (Ioffe & Szegedy 2015, algorithm 1), of the channels [first, last). Arrays are those
// of all channels. Writes `mean` and the biased `variance` as well, each [channels].
void batch_norm_forward(const float* x, const float* gamma, const float* beta, double epsilon,
                        const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                        float* y, float* mean, float* variance);
void batch_norm_forward(const double* x, const double* gamma, const double* beta, double epsilon,
                        const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                        double* y, double* mean, double* variance);

// The gradients of a loss by x, gamma and beta, from that by y, of the channels [first, last). All
// pointers are to different memory.
void batch_norm_backward(const float* of_y, const float* x, const float* gamma, const float* beta,
                         const float* mean, const float* variance, double epsilon,
                         const BatchNormShape& shape, std::int64_t first, std::int64_t last,
                         float* of_x, float* of_gamma, float* of_beta);
void batch_norm_backward(const double* of_y, const double* x, const double* gamma,
                         const double* beta, const double* mean, const double* variance,
                         double epsilon, const BatchNormShape& shape, std::int64_t first,
                         std::int64_t last, double* of_x, double* of_gamma, double* of_beta);

}  // namespace figment
