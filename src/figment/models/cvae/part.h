// The part of an image that the rest is completed from, and the networks that look at it.
// Sohn, Lee & Yan, "Learning structured output representation using deep conditional generative
// models", NIPS 2015.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "figment/nn/coders.h"

namespace figment::models {

// [1, 1, H, W] float32, 1 in the quadrants that are seen: of 1 the lower left, of 2 the left half,
// of 3 all but the lower right.
torch::Tensor visible_quadrants(int64_t quadrants, int64_t height, int64_t width);

class PartImpl : public torch::nn::Module {
 public:
  PartImpl(const std::vector<int64_t>& shape, const CoderConfig& coder, int64_t embedding,
           int64_t latent, int64_t quadrants);

  const torch::Tensor& known() const { return known_; }
  // x [n, C, H, W], of which only what is known is looked at. Logits of all of it, by a network
  // without a code: the plain net that a conditional model is held against.
  torch::Tensor guess(const torch::Tensor& x);
  // The known part, with the guess in the place of the rest, as [n, embedding]; no gradient goes
  // into the guess.
  torch::Tensor embed(const torch::Tensor& x);
  // p(z | known part): mean and log-variance side by side, [n, 2 latent].
  torch::Tensor prior(const torch::Tensor& embedding) { return prior_(embedding); }
  // log p of the hidden elements under Bernoulli logits, [n].
  torch::Tensor log_likelihood(const torch::Tensor& x, const torch::Tensor& logits) const;
  // x where it is known, `answer` elsewhere.
  torch::Tensor joined(const torch::Tensor& x, const torch::Tensor& answer) const;

  // Keeps a few examples, so that there is something to complete when nobody gives it.
  void keep(const torch::Tensor& x);
  const torch::Tensor& kept() const { return kept_; }  // [kKept, C, H, W]
  static constexpr int64_t kKept = 64;

 private:
  Activation activation_;
  torch::Tensor known_, kept_;
  Encoder guess_encoder_, encoder_;
  Decoder guess_decoder_;
  torch::nn::Linear prior_;
};
TORCH_MODULE(Part);

}  // namespace figment::models
