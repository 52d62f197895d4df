// Group normalization and SiLU in one, over examples whose channels lie side by side (NHWC).
#pragma once

#include <cstdint>

namespace figment {

// One example x[places, channels]; a group is channels / groups neighbours, of all places.
struct GroupNormShape {
  std::int64_t places, channels, groups;
  bool silu;  // y = z / (1 + e^-z) of the normalized z, else y = z
};

// z = (x - mean) / sqrt(variance + epsilon) * gamma + beta (Wu & He 2018, eq. 1). Writes `mean` and
// `scale` = 1 / sqrt(variance + epsilon), each [groups], which the gradient needs.
void group_norm_forward(const float* x, const float* gamma, const float* beta, double epsilon,
                        const GroupNormShape& shape, float* y, float* mean, float* scale);
void group_norm_forward(const double* x, const double* gamma, const double* beta, double epsilon,
                        const GroupNormShape& shape, double* y, double* mean, double* scale);

// The gradients of a loss by x, and by gamma and beta what this example adds to them, from that by
// y. All pointers are to different memory.
void group_norm_backward(const float* of_y, const float* x, const float* gamma, const float* beta,
                         const float* mean, const float* scale, const GroupNormShape& shape,
                         float* of_x, float* of_gamma, float* of_beta);
void group_norm_backward(const double* of_y, const double* x, const double* gamma,
                         const double* beta, const double* mean, const double* scale,
                         const GroupNormShape& shape, double* of_x, double* of_gamma,
                         double* of_beta);

}  // namespace figment
