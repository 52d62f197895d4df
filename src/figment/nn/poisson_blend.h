// Poisson blending: a patch put into an image by its gradients, so that no seam is left.
// Perez, Gangnet & Blake, "Poisson image editing", 2003.
#pragma once

#include <torch/torch.h>

namespace figment {

// image, patch [n, C, H, W]; mask [n, 1, H, W] is 1 where the image is kept. Elsewhere the result
// has the patch's differences between neighbouring pixels, as far as its edge at the kept pixels
// allows: there it is patch + c, where c is harmonic and meets image - patch at the kept pixels
// (eq. 4 of the paper for the correction). Beyond the border of the image there is no condition.
// Where an example keeps nothing, the patch is returned as it is. Solved by conjugate gradients to
// rounding or 1,000 steps.
torch::Tensor poisson_blend(const torch::Tensor& image, const torch::Tensor& patch,
                            const torch::Tensor& mask);

}  // namespace figment
