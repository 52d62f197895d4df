#include "figment/nn/denoiser.h"

#include <utility>

namespace figment {

DenoiserImpl::DenoiserImpl(const UnetConfig& unet, const DiffusionScheduleConfig& schedule,
                           PredictionKind predict, DenoiserShape shape)
    : process_(schedule),
      predict_(predict),
      shape_(std::move(shape)),
      unet_(register_module(
          "unet", Unet(unet, shape_.map[0], shape_.map[0], shape_.map[1], shape_.classes))) {}

// A row of zeros is "any class".
torch::Tensor DenoiserImpl::condition_of(const torch::Tensor& label, int64_t n) const {
  if (shape_.classes == 0) return {};
  const auto like = unet_->parameters().front().options();
  if (!label.defined()) return torch::zeros({n, shape_.classes}, like);
  return torch::one_hot(label, shape_.classes).to(like.dtype());
}

torch::Tensor DenoiserImpl::errors(const torch::Tensor& z, const torch::Tensor& label,
                                   double label_dropout) {
  const auto n = z.size(0);
  const auto t =
      torch::randint(1, process_.steps() + 1, {n}, torch::dtype(torch::kLong).device(z.device()));
  const auto noise = torch::randn_like(z);
  const auto z_t = process_.noised(z, t, noise);  // DDPM algorithm 1
  auto condition = condition_of(label, n);
  if (condition.defined() && label_dropout > 0)
    condition = condition * (torch::rand({n, 1}, z.options()) >= label_dropout);
  const auto target = process_.target(predict_, z, t, noise);
  return (unet_(z_t, t, condition) - target).square().flatten(1).mean(1);  // DDPM eq. 14
}

StepPredictor DenoiserImpl::predictor(const torch::Tensor& label, int64_t n, double guidance) {
  const auto condition = condition_of(label, n), any = condition_of({}, n);
  const bool guided = condition.defined() && label.defined() && guidance != 1;
  return [this, condition, any, guided, guidance](const torch::Tensor& z_t, int64_t t) {
    const auto steps =
        torch::full({z_t.size(0)}, t, torch::dtype(torch::kLong).device(z_t.device()));
    auto output = unet_(z_t, steps, condition);
    if (guided) {
      const auto without = unet_(z_t, steps, any);
      output = without + guidance * (output - without);  // CFG eq. 6
    }
    return StepPrediction{process_.denoised(predict_, output, z_t, steps), {}};
  };
}

}  // namespace figment
