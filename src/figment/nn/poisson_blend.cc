#include "figment/nn/poisson_blend.h"

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int kMostSteps = 1000;
constexpr double kAccuracy = 1e-10;  // of the squared residual, relative to its first

// Sum over the neighbours of x_p - x_q; a neighbour beyond the border counts as x_p itself.
torch::Tensor laplacian(const torch::Tensor& x) {
  const auto around = torch::replication_pad2d(x, {1, 1, 1, 1});
  const auto h = x.size(2), w = x.size(3);
  const auto at = [&](int64_t row, int64_t column) {
    return around.narrow(2, row, h).narrow(3, column, w);
  };
  return 4 * x - at(0, 1) - at(2, 1) - at(1, 0) - at(1, 2);
}

torch::Tensor scalar_product(const torch::Tensor& a, const torch::Tensor& b) {  // [n, C, 1, 1]
  return (a * b).sum({2, 3}, true);
}

}  // namespace

torch::Tensor poisson_blend(const torch::Tensor& image, const torch::Tensor& patch,
                            const torch::Tensor& mask) {
  FIGMENT_CHECK(image.sizes() == patch.sizes() && image.dim() == 4 && mask.size(1) == 1);
  const torch::NoGradGuard no_grad;
  const auto known = (mask > 0.5).to(torch::kDouble), hidden = 1 - known;
  const auto fixed = (image - patch).to(torch::kDouble) * known;
  // The correction c = fixed + d, d on the hidden pixels alone: there L(fixed + d) = 0.
  auto d = torch::zeros_like(fixed);
  auto residual = -laplacian(fixed) * hidden;
  auto direction = residual.clone();
  auto square = scalar_product(residual, residual);
  const auto enough = kAccuracy * square;
  for (int step = 0; step < kMostSteps; ++step) {
    if ((square <= enough).all().item<bool>()) break;
    const auto image_of = laplacian(direction) * hidden;
    const auto curvature = scalar_product(direction, image_of);
    const auto length = torch::where(curvature > 0, square / curvature, torch::zeros_like(square));
    d = d + length * direction;
    residual = residual - length * image_of;
    const auto next = scalar_product(residual, residual);
    direction =
        residual + torch::where(square > 0, next / square, torch::zeros_like(square)) * direction;
    square = next;
  }
  return patch + (fixed + d).to(patch.scalar_type());
}

}  // namespace figment
