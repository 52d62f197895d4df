// Images completed where they are hidden, by models with the ability Completes.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "figment/apply/open_run.h"
#include "figment/eval/evaluate.h"

namespace figment {

// [1, 1, H, W] on the CPU, 1 where known. A model that completes one part that is always the same
// has its own, and `word` must be empty; for others it is a mask as mask_of() reads it, "centre"
// when empty. Throws Error(kConfig) for a model that cannot complete, or a mask where the model has
// its own, and what mask_of() throws.
torch::Tensor mask_for(const LoadedRun& run, const std::string& word);

struct Inpainting {
  torch::Tensor given;    // [n, shape...] in the model's numbers, grey where hidden
  torch::Tensor answers;  // [answers, n, shape...], in the known pixels as they were given
  torch::Tensor truth;    // [n, shape...]
};

// Several answers for each image, as there is more than one; of a model that always answers alike
// there is one. Answer k of image i follows from (seed, k, i). mask: of mask_for().
Inpainting inpaint(const LoadedRun& run, const Dataset& set, const torch::Tensor& mask,
                   int64_t answers, std::uint64_t seed);

// Throws Error(kConfig) when the model of `run` cannot fill in what `mask` hides: it completes
// nothing, or a part of its own that is another.
void need_mask(const LoadedRun& run, const torch::Tensor& mask);

// PSNR of the hidden pixels alone, range 1, mean over examples: x and truth [n, C, H, W].
double hidden_psnr(const torch::Tensor& x, const torch::Tensor& truth, const torch::Tensor& mask);

// Of how near the answers come to the truth: hidden_psnr, that of one answer, the mean over all;
// and of several, hidden_psnr_of_mean, that of their mean, and hidden_spread, their standard
// deviation in a hidden pixel, by its mean square over hidden pixels and images.
Results hidden_results(const Inpainting& filled, const torch::Tensor& mask);

// A way to fill what is hidden, and what comes of it.
struct Filling {
  std::string name{};      // "mean", "gaussian"
  torch::Tensor images{};  // [n, C, H, W] in [0, 1], in the known pixels as they were given
};

// The hidden pixels by the mean of the training examples (of 20,000 at most).
Filling mean_filling(const LoadedRun& run, const Dataset& training, const torch::Tensor& truth,
                     const torch::Tensor& mask);

// Fillings without the model: mean_filling(); and, of images of 4,096 numbers at most, "gaussian",
// the mean of a Gaussian fitted to the training examples given what is known.
std::vector<Filling> plain_fillings(const LoadedRun& run, const Dataset& training,
                                    const torch::Tensor& truth, const torch::Tensor& mask);

}  // namespace figment
