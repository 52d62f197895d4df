// Damage, restore, and compare.
#include "figment/eval/restoration.h"

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/eval/image_quality.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

}  // namespace

bool knows_damage(Restores& able, const Model& model) {
  auto shape = model.example().shape;
  shape.insert(shape.begin(), 1);
  const auto x = torch::zeros(shape, model.device());
  Noise noise(0, 0, 1, model.device());
  return !able.corrupt(x, noise).is_same(x);
}

void need_damage(Restores& able, const Model& model, const std::string& where) {
  if (!knows_damage(able, model))
    fail(Cause::kConfig, where,
         "expected a model trained on damaged examples, but this one saw only clean ones; train "
         "one with model.corruption.kind=gaussian, salt_and_pepper, masking, centre or block");
}

void for_each_restoration(Model& model, const Scaling& scaling, const Dataset& set,
                          std::uint64_t seed, const std::function<void(const Restoration&)>& use) {
  torch::NoGradGuard no_grad;
  model.eval();
  auto* able = dynamic_cast<Restores*>(&model);
  FIGMENT_CHECK(able != nullptr);
  Loader loader(set, scaling, {kBatch, false, 0, model.device()});
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto clean = loader.batch(0, i).x;
    Noise noise(seed, i * kBatch, clean.size(0), model.device());
    const auto damaged = able->corrupt(clean, noise);
    use({clean.to(torch::kCPU), damaged.to(torch::kCPU), able->restore(damaged).to(torch::kCPU)});
  }
}

torch::Tensor restore(Model& model, const torch::Tensor& damaged) {
  torch::NoGradGuard no_grad;
  model.eval();
  auto* able = dynamic_cast<Restores*>(&model);
  FIGMENT_CHECK(able != nullptr);
  std::vector<torch::Tensor> parts;
  for (const auto& part : damaged.split(kBatch))
    parts.push_back(able->restore(part.to(model.device())).to(torch::kCPU));
  return torch::cat(parts);
}

void Closeness::add(const torch::Tensor& x, const torch::Tensor& clean) {
  const auto sum = [](const torch::Tensor& values) {
    return values.sum(torch::kDouble).item<double>();
  };
  n_ += static_cast<double>(x.size(0));
  sse_ += sum((x - clean).square().flatten(1).sum(1));
  if (x.dim() != 4) return;
  has_psnr_ = true;
  psnr_ += sum(psnr(x, clean));
  if (std::min(x.size(2), x.size(3)) < kSsimWindow) return;
  has_ssim_ = true;
  ssim_ += sum(ssim(x, clean));
}

Results Closeness::results(const std::string& name) const {
  Results out;
  if (has_psnr_) out.emplace_back(name + "_psnr", psnr_ / n_);
  if (has_ssim_) out.emplace_back(name + "_ssim", ssim_ / n_);
  out.emplace_back(name + "_sse", sse_ / n_);
  return out;
}

}  // namespace figment
