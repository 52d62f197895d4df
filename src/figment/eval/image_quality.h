// How near a picture is to another, and what the classical filters make of a noisy one.
// SSIM: Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to
// structural similarity", 2004.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace figment {

// All pictures are [n, C, H, W] of one floating type, in [0, 1] or about it; nothing is cut.

// Smallest side that has an SSIM.
inline constexpr int64_t kSsimWindow = 11;

// -10 log10 of the mean squared error, for a range of 1, at most 120 dB -> [n]. For any shape.
torch::Tensor psnr(const torch::Tensor& x, const torch::Tensor& reference);

// Structural similarity (equation 13): means, variances and the covariance under an 11 x 11
// Gaussian window of deviation 1.5, K1 = 0.01, K2 = 0.03, range 1; its mean over the places where
// the window lies inside the picture and over channels -> [n]. H and W are kSsimWindow at least.
torch::Tensor ssim(const torch::Tensor& x, const torch::Tensor& reference);

// The median of the 3 x 3 pixels around each; beyond the border the border goes on.
torch::Tensor median_filter(const torch::Tensor& x);

// Convolution with a Gaussian of deviation `sd` pixels, cut at 4 sd; the border goes on likewise.
torch::Tensor gaussian_blur(const torch::Tensor& x, double sd);

}  // namespace figment
