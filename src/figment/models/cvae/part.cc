#include "figment/models/cvae/part.h"

namespace figment::models {

torch::Tensor visible_quadrants(int64_t quadrants, int64_t height, int64_t width) {
  const auto down = height / 2, right = width / 2;
  auto seen = torch::zeros({1, 1, height, width});
  seen.slice(2, down).slice(3, 0, right).fill_(1);
  if (quadrants >= 2) seen.slice(3, 0, right).fill_(1);
  if (quadrants >= 3) seen.slice(2, 0, down).fill_(1);
  return seen;
}

PartImpl::PartImpl(const std::vector<int64_t>& shape, const CoderConfig& coder, int64_t embedding,
                   int64_t latent, int64_t quadrants)
    : activation_(coder.activation),
      known_(register_buffer("known", visible_quadrants(quadrants, shape[1], shape[2]))),
      kept_(register_buffer("kept", torch::zeros({kKept, shape[0], shape[1], shape[2]}))),
      guess_encoder_(register_module("guess_encoder", Encoder(shape, coder, embedding))),
      encoder_(register_module("encoder", Encoder(shape, coder, embedding))),
      guess_decoder_(register_module("guess_decoder", Decoder(embedding, coder, shape))),
      prior_(register_module("prior", torch::nn::Linear(embedding, 2 * latent))) {
  // The prior starts as that of a model without a condition, N(0, I).
  torch::nn::init::zeros_(prior_->weight);
  torch::nn::init::zeros_(prior_->bias);
}

torch::Tensor PartImpl::guess(const torch::Tensor& x) {
  return guess_decoder_(activate(activation_, guess_encoder_(x * known_)));
}

torch::Tensor PartImpl::embed(const torch::Tensor& x) {
  torch::Tensor filled;
  {
    const torch::NoGradGuard no_grad;
    filled = joined(x, torch::sigmoid(guess(x)));
  }
  return activate(activation_, encoder_(filled));
}

torch::Tensor PartImpl::log_likelihood(const torch::Tensor& x, const torch::Tensor& logits) const {
  const auto each = torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::None);
  return -(each * (1 - known_)).flatten(1).sum(1);
}

torch::Tensor PartImpl::joined(const torch::Tensor& x, const torch::Tensor& answer) const {
  return x * known_ + answer * (1 - known_);
}

void PartImpl::keep(const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  const auto rows = torch::arange(kKept, torch::TensorOptions(torch::kLong).device(x.device()));
  kept_.copy_(x.index_select(0, rows.remainder(x.size(0))));
}

}  // namespace figment::models
