// Peak signal-to-noise ratio, structural similarity, median and Gaussian filters.
#include "figment/eval/image_quality.h"

#include <cmath>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr double kWindowDeviation = 1.5, kC1 = 0.01 * 0.01, kC2 = 0.03 * 0.03;

// [2 * radius + 1], of sum 1.
torch::Tensor gaussian_window(int64_t radius, double sd, const torch::TensorOptions& options) {
  const auto at = torch::arange(-radius, radius + 1, options);
  const auto weight = (-at.square() / (2 * sd * sd)).exp();
  return weight / weight.sum();
}

// Every channel by itself with window x window, where it fits.
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& window) {
  const auto planes = x.reshape({-1, 1, x.size(2), x.size(3)});
  const auto down = torch::conv2d(planes, window.view({1, 1, -1, 1}));
  const auto out = torch::conv2d(down, window.view({1, 1, 1, -1}));
  return out.view({x.size(0), x.size(1), out.size(2), out.size(3)});
}

torch::Tensor with_border(const torch::Tensor& x, int64_t width) {
  return at::replication_pad2d(x, {width, width, width, width});
}

}  // namespace

torch::Tensor psnr(const torch::Tensor& x, const torch::Tensor& reference) {
  return -10 * (x - reference).square().flatten(1).mean(1).clamp_min(1e-12).log10();
}

torch::Tensor ssim(const torch::Tensor& x, const torch::Tensor& reference) {
  FIGMENT_CHECK(x.sizes() == reference.sizes() && x.dim() == 4);
  FIGMENT_CHECK(x.size(2) >= kSsimWindow && x.size(3) >= kSsimWindow);
  const auto window = gaussian_window(kSsimWindow / 2, kWindowDeviation, x.options());
  const auto mean_x = convolve(x, window), mean_y = convolve(reference, window);
  const auto variances =
      convolve(x * x + reference * reference, window) - mean_x.square() - mean_y.square();
  const auto covariance = convolve(x * reference, window) - mean_x * mean_y;
  // Equation 13.
  const auto numerator = (2 * mean_x * mean_y + kC1) * (2 * covariance + kC2);
  const auto denominator = (mean_x.square() + mean_y.square() + kC1) * (variances + kC2);
  return (numerator / denominator).flatten(1).mean(1);
}

torch::Tensor median_filter(const torch::Tensor& x) {
  const auto padded = with_border(x, 1);
  std::vector<torch::Tensor> around;
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 3; ++j)
      around.push_back(padded.narrow(2, i, x.size(2)).narrow(3, j, x.size(3)));
  return std::get<0>(torch::stack(around, -1).median(-1));
}

torch::Tensor gaussian_blur(const torch::Tensor& x, double sd) {
  const auto radius = std::llround(4 * sd);
  return convolve(with_border(x, radius), gaussian_window(radius, sd, x.options()));
}

}  // namespace figment
