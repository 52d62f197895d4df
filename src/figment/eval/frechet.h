// The Frechet distance between two sets of features, each taken for a Gaussian: FID. Heusel et al.,
// "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", 2017,
// equation 6; Dowson & Landau 1982.
#pragma once

#include <torch/torch.h>

#include "figment/eval/bootstrap.h"
#include "figment/nn/principal_components.h"

namespace figment {

// |mean_a - mean_b|^2 + Tr(A + B - 2 (A B)^1/2) of moments with scatter, in double; A and B are the
// covariances over n - 1. (A B)^1/2 has the trace of (A^1/2 B A^1/2)^1/2, which is symmetric. Not
// negative. Both have 2 examples at least. It is biased: of two samples of one distribution it is
// above 0, by about a constant over n, so n belongs to the number.
double frechet_distance(const ScatterMoments& a, const ScatterMoments& b);

// Of features [n, d] and [m, d], gathered in pieces.
double frechet_distance(const torch::Tensor& a, const torch::Tensor& b);

// Its interval of 95 %: how it varies as both sets are drawn again, about `value` itself (see
// normal_interval). Between 10 (wide features) and 100 draws.
Interval frechet_interval(double value, const torch::Tensor& a, const torch::Tensor& b);

}  // namespace figment
