// Codes of examples for a model that decodes and does not encode, found by search: a guess of a
// network that learned to invert the decoder, then descent to the code whose decoding is nearest.
// Zhu, Kraehenbuehl, Shechtman & Efros, "Generative visual manipulation on the natural image
// manifold", 2016, section 3.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>

#include "figment/apply/learned_inverse.h"
#include "figment/apply/open_run.h"
#include "figment/eval/lenet.h"

namespace figment {

// How codes of a prior are spread, by 10,000 draws: [k] each.
struct CodeSpread {
  torch::Tensor mean, deviation, low, high;
  static CodeSpread of(const LoadedRun& run);
};

// What the model makes of codes [n, k] under the classes label [n], which may be undefined for a
// model that is told none. With gradients where they are asked for.
torch::Tensor decode_given(const LoadedRun& run, const torch::Tensor& code,
                           const torch::Tensor& label);

// Whether codes can be searched for: the model decodes in one step, draws from a prior, does not
// encode, and is conditioned on nothing but the class.
bool can_search(Model& model);

class CodeSearch {
 public:
  // Sets of more examples than this are given what the learned inverse guesses, without descent.
  static constexpr int64_t kMostRefined = 100;
  static constexpr int64_t kSteps = 300;

  // The model must be one that can_search. `say` is told what is learned, and of each set how well
  // its codes reconstruct it.
  explicit CodeSearch(const LoadedRun& run, Say say = {});

  // Codes [n, k] float32 on the CPU: those that minimise the summed squared error of the decoded
  // example (Zhu et al., section 3.1) plus 0.01 times the squared length of the code in deviations
  // of the prior, within the range of its draws. Each example's is its own, whoever is beside it,
  // up to rounding. A model that is told the class needs labels: Error(kData) without.
  torch::Tensor find(const Dataset& set);

 private:
  torch::Tensor refine(const torch::Tensor& guess, const Batch& batch) const;
  void tell(const Dataset& set, double error, double psnr) const;

  const LoadedRun& run_;
  Say say_;
  CodeSpread spread_;
  Encoder inverse_{nullptr};
};

}  // namespace figment
