#include "figment/apply/inpainting.h"

#include <algorithm>

#include "figment/apply/masks.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/eval/conditional_gaussian.h"
#include "figment/model/conditions.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 256;
constexpr double kHiddenGrey = 0.5;
constexpr int64_t kFitted = 20000;      // training examples that the baselines are of ...
constexpr double kMostProducts = 5e10;  // ... fewer where their covariance takes more than this

}  // namespace

torch::Tensor mask_for(const LoadedRun& run, const std::string& word) {
  ability<Completes>(run, &Abilities::completes, "inpaint");
  if (auto* part = part_of(*run.model)) {
    if (!word.empty())
      fail(Cause::kConfig, "--mask", "expected none, as '", run.family->name,
           "' completes the part that it was trained for; leave --mask out");
    return part->known().to(torch::kCPU);
  }
  if (dynamic_cast<CompletesPart*>(run.model.get()) != nullptr)
    fail(Cause::kConfig, "inpaint",
         "expected a model that is given part of an image (model.condition = \"part\"), got one "
         "that is conditioned on something else");
  return mask_of(word.empty() ? "centre" : word, run.example());
}

Inpainting inpaint(const LoadedRun& run, const Dataset& set, const torch::Tensor& mask,
                   int64_t answers, std::uint64_t seed) {
  FIGMENT_CHECK(answers >= 1 && set.size() > 0);
  auto& able = ability<Completes>(run, &Abilities::completes, "inpaint");
  std::vector<std::vector<torch::Tensor>> drawn(static_cast<std::size_t>(answers));
  Inpainting out;
  out.truth = run.scaling.to_model(set.x);
  out.given = out.truth * mask + kHiddenGrey * (1 - mask);
  const auto known = mask.to(run.device());
  for_each_batch(*run.model, run.scaling, set, kBatch, [&](const Batch& batch, int64_t first) {
    const auto n = batch.size();
    auto seen = batch;  // what is hidden is kept from the model
    seen.x = batch.x * known + kHiddenGrey * (1 - known);
    for (int64_t k = 0; k < answers; ++k) {
      Noise noise(mix(seed, static_cast<std::uint64_t>(k)), first, n, run.device());
      const auto full = able.complete(seen, known.expand({n, -1, -1, -1}), noise);
      drawn[static_cast<std::size_t>(k)].push_back(
          (batch.x * known + full * (1 - known)).to(torch::kCPU, torch::kFloat));
    }
  });
  std::vector<torch::Tensor> all;
  all.reserve(drawn.size());
  for (const auto& parts : drawn) all.push_back(torch::cat(parts));
  out.answers = torch::stack(all);
  const auto first = out.answers.narrow(0, 0, 1);
  if (answers > 1 && torch::equal(out.answers, first.expand_as(out.answers)))
    out.answers = first.contiguous();
  return out;
}

double hidden_psnr(const torch::Tensor& x, const torch::Tensor& truth, const torch::Tensor& mask) {
  const auto hidden = (1 - mask).expand_as(truth).to(torch::kDouble);
  const auto error = ((x - truth).square() * hidden).flatten(1).sum(1) / hidden.flatten(1).sum(1);
  return (-10 * error.clamp_min(1e-12).log10()).mean().item<double>();
}

Results inpainting_baselines(const LoadedRun& run, const Dataset& training,
                             const torch::Tensor& truth, const torch::Tensor& mask) {
  const auto x = run.scaling.to_model(training.first(kFitted).x);
  const auto mean = x.mean(0, true).expand_as(truth);
  Results out = {{"mean_hidden_psnr", hidden_psnr(mean, truth, mask)}};
  const auto d = truth[0].numel();
  if (d > kWidestGaussian) return out;
  const auto fitted = std::min(x.size(0), static_cast<int64_t>(kMostProducts / double(d * d)));
  const ConditionalGaussian gaussian(x.narrow(0, 0, fitted), mask[0].expand_as(truth[0]));
  out.emplace_back("gaussian_hidden_psnr",
                   hidden_psnr(gaussian.complete(truth).clamp(0, 1), truth, mask));
  return out;
}

}  // namespace figment
