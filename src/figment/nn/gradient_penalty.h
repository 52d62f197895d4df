// Penalties on how steeply a discriminator's score rises, which need the gradient of a gradient.
#pragma once

#include <torch/torch.h>

#include <functional>

namespace figment {

// score [n], a function of x [n, ...] that has a gradient, row by row -> [n], the squared length of
// d score_i / d x_i, differentiable in whatever else the score depends on.
torch::Tensor squared_slope(const torch::Tensor& score, const torch::Tensor& x);

// E ||grad score(x)||^2 over the true examples, [] (Mescheder, Geiger & Nowozin, "Which training
// methods for GANs do actually converge?", 2018, eq. 9, without its gamma / 2).
torch::Tensor zero_centred_penalty(const torch::Tensor& score, const torch::Tensor& x);

// E (||grad score(x^)|| - 1)^2, [], at points x^ = u truth + (1 - u) made on the line between a
// true and a made example (Gulrajani et al., "Improved training of Wasserstein GANs", 2017,
// algorithm 1 and eq. 3, without its lambda). truth and made [n, ...] without a graph; u [n];
// `score` maps [n, ...] to [n], each row for itself: batch normalization is ruled out.
torch::Tensor one_centred_penalty(const std::function<torch::Tensor(const torch::Tensor&)>& score,
                                  const torch::Tensor& truth, const torch::Tensor& made,
                                  const torch::Tensor& u);

}  // namespace figment
