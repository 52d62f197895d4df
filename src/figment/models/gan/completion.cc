// Filling in what is hidden of an image by a code whose image fits the rest. Yeh, Chen, Lim,
// Schwing, Hasegawa-Johnson & Do, "Semantic image inpainting with deep generative models", 2017
// (SII below).
#include "figment/core/error.h"
#include "figment/models/gan/gan.h"
#include "figment/nn/fixed_weights.h"
#include "figment/nn/poisson_blend.h"

namespace figment::models {
namespace {

constexpr int64_t kWindow = 7;  // pixels across in which hidden neighbours are counted, as in SII

// The share of hidden pixels about each known one, 0 at the hidden: SII eq. 3.
torch::Tensor importance(const torch::Tensor& mask) {
  const auto hidden = torch::avg_pool2d(1 - mask, {kWindow, kWindow}, {1, 1},
                                        {kWindow / 2, kWindow / 2}, /*ceil_mode=*/false,
                                        /*count_include_pad=*/false);
  return mask * hidden;
}

OptimizerConfig descent_of(const GanConfig& config) {
  OptimizerConfig out;
  out.learning_rate = config.completion.learning_rate;
  out.schedule = Schedule::kCosine;
  return out;
}

}  // namespace

torch::Tensor Gan::complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) {
  if (example().modality != Modality::kImage)
    fail(Cause::kConfig, "complete", "expected a model of images, got one of ", example().text());
  const auto& settings = config_.completion;
  auto z = latents(noise).clone();
  auto label = batch.label;
  if (on_class() && !label.defined())
    label = (noise.uniform({1}).squeeze(1) * static_cast<double>(example().classes.size()))
                .to(torch::kLong);
  const auto classes = one_hot(label);
  const auto target = seen(batch.x);
  const auto weight = importance(mask.to(target.scalar_type()));
  const auto n = static_cast<double>(batch.size());
  {
    const torch::AutoGradMode with_graph(true);
    const FixedWeights generator(*generator_), critic(*critic_);
    z.set_requires_grad(true);
    Optimizer descent("code", {{"z", z}}, descent_of(config_));
    // Sums, not means, so that the code of an image does not feel who is beside it.
    for (int64_t step = 0; step < settings.steps; ++step) {
      const auto x = made(z, classes);
      auto loss = (weight * (x - target).abs()).sum();  // SII eq. 4
      if (settings.prior > 0)
        loss = loss + settings.prior * n *
                          loss_of_fooling(config_.adversarial_loss,
                                          critic_->forward(x, classes).score);  // eq. 5
      if (config_.latent == GanLatent::kNormal)
        loss = loss + settings.code_prior * 0.5 * z.square().sum();
      descent.set_clock(step, settings.steps);
      descent.minimize(loss);
      const torch::NoGradGuard no_grad;
      if (config_.latent == GanLatent::kUniform) z.clamp_(-1, 1);
    }
  }
  const torch::NoGradGuard no_grad;
  const auto x = made(z, classes);
  const auto filled = settings.blend ? poisson_blend(target, x, mask) : x;  // SII section 3.4
  return ((filled + 1) / 2).clamp(0, 1);
}

}  // namespace figment::models
