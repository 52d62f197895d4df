// Penalties on gradients with respect to examples.
#include "figment/nn/gradient_penalty.h"

#include <vector>

#include "figment/core/error.h"

namespace figment {
namespace {

// Added below a square root, whose own slope has no bound at 0.
constexpr double kTiny = 1e-12;

}  // namespace

torch::Tensor squared_slope(const torch::Tensor& score, const torch::Tensor& x) {
  FIGMENT_CHECK(x.requires_grad());
  // Rows do not depend on one another, so that the gradient of the sum holds that of each.
  const auto gradient = torch::autograd::grad({score.sum()}, {x}, {}, /*retain_graph=*/true,
                                              /*create_graph=*/true)[0];
  return gradient.square().flatten(1).sum(1);
}

torch::Tensor zero_centred_penalty(const torch::Tensor& score, const torch::Tensor& x) {
  return squared_slope(score, x).mean();
}

torch::Tensor one_centred_penalty(const std::function<torch::Tensor(const torch::Tensor&)>& score,
                                  const torch::Tensor& truth, const torch::Tensor& made,
                                  const torch::Tensor& u) {
  FIGMENT_CHECK(truth.sizes() == made.sizes() && u.dim() == 1 && u.size(0) == truth.size(0));
  std::vector<int64_t> shape(static_cast<std::size_t>(truth.dim()), 1);
  shape[0] = u.size(0);
  const auto share = u.view(shape);
  const auto between = (share * truth + (1 - share) * made).detach().requires_grad_();
  return ((squared_slope(score(between), between) + kTiny).sqrt() - 1).square().mean();
}

}  // namespace figment
