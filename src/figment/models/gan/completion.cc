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

// [n], SII eq. 4.
torch::Tensor contextual_loss(const torch::Tensor& weight, const torch::Tensor& x,
                              const torch::Tensor& target) {
  return (weight * (x - target).abs()).flatten(1).sum(1);
}

OptimizerConfig descent_of(const GanConfig& config) {
  OptimizerConfig out;
  out.learning_rate = config.completion.learning_rate;
  out.schedule = Schedule::kCosine;
  return out;
}

}  // namespace

// Descent finds the bottom of the valley that it begins in, and an image made is far cheaper than a
// valley gone down: of several codes drawn, each with a class where none is given, the one is taken
// whose image is nearest to what is known. An example's codes are its own, and so is the choice.
Gan::Start Gan::best_start(const torch::Tensor& target, const torch::Tensor& weight,
                           const torch::Tensor& label, Noise& noise) {
  const auto starts = config_.completion.starts;
  const auto codes = latent_.draw(noise, starts);
  torch::Tensor drawn;  // [n, starts]
  if (on_class() && !label.defined())
    drawn =
        (noise.uniform({starts}) * static_cast<double>(example().classes.size())).to(torch::kLong);
  Start best;
  torch::Tensor least;
  for (int64_t k = 0; k < starts; ++k) {
    const auto z = codes.select(1, k);
    const auto classes = one_hot(drawn.defined() ? drawn.select(1, k) : label);
    const auto loss = contextual_loss(weight, made(z, classes), target);
    if (k == 0) {
      best = {z, classes};
      least = loss;
      continue;
    }
    const auto nearer = (loss < least).unsqueeze(1);
    best.z = torch::where(nearer, z, best.z);
    if (classes.defined()) best.classes = torch::where(nearer, classes, best.classes);
    least = torch::minimum(loss, least);
  }
  return best;
}

torch::Tensor Gan::complete(const Batch& batch, const torch::Tensor& mask, Noise& noise) {
  if (example().modality != Modality::kImage)
    fail(Cause::kConfig, "complete", "expected a model of images, got one of ", example().text());
  const auto& settings = config_.completion;
  const auto target = seen(batch.x);
  const auto weight = importance(mask.to(target.scalar_type()));
  const auto start = best_start(target, weight, batch.label, noise);
  const auto& classes = start.classes;
  // Noise descends; codes with a meaning stay as they were drawn, which a categorical one must.
  auto z = start.z.narrow(1, 0, latent_.noise_dim()).clone();
  const auto codes = start.z.narrow(1, latent_.noise_dim(), config_.codes.width());
  const auto n = static_cast<double>(batch.size());
  {
    const torch::AutoGradMode with_graph(true);
    const FixedWeights generator(*generator_), critic(*critic_);
    z.set_requires_grad(true);
    Optimizer descent("code", {{"z", z}}, descent_of(config_));
    // Sums, not means, so that the code of an image does not feel who is beside it.
    for (int64_t step = 0; step < settings.steps; ++step) {
      const auto x = made(torch::cat({z, codes}, 1), classes);
      auto loss = contextual_loss(weight, x, target).sum();
      // SII eq. 5 is log(1 - D), which is flat where D is sure that x was made, as it mostly is
      // when the search begins, and falls without end as D is taken in. The generator's own loss,
      // -log D unless the game is another, is steepest at first and ends at 0. Both fall as D
      // rises.
      if (settings.prior > 0)
        loss = loss +
               settings.prior * n *
                   loss_of_fooling(config_.adversarial_loss, critic_->forward(x, classes).score);
      if (config_.latent == GanLatent::kNormal)
        loss = loss + settings.code_prior * 0.5 * z.square().sum();
      descent.set_clock(step, settings.steps);
      descent.minimize(loss);
      const torch::NoGradGuard no_grad;
      if (config_.latent == GanLatent::kUniform) z.clamp_(-1, 1);
    }
  }
  const torch::NoGradGuard no_grad;
  const auto x = made(torch::cat({z, codes}, 1), classes);
  const auto filled = settings.blend ? poisson_blend(target, x, mask) : x;  // SII section 3.4
  return ((filled + 1) / 2).clamp(0, 1);
}

}  // namespace figment::models
