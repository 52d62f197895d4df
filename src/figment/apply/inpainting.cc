#include "figment/apply/inpainting.h"

#include <algorithm>
#include <cmath>
#include <vector>

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

void need_mask(const LoadedRun& run, const torch::Tensor& mask) {
  const auto own = mask_for(run, "");
  if (part_of(*run.model) != nullptr && !torch::equal(own, mask))
    fail(Cause::kConfig, "inpaint", "expected a model that fills in what the mask hides, but '",
         run.family->name, "' completes a part of its own that is another");
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

Results hidden_results(const Inpainting& filled, const torch::Tensor& mask) {
  const auto answers = filled.answers.size(0);
  double each = 0;
  for (const auto& answer : filled.answers.unbind(0))
    each += hidden_psnr(answer, filled.truth, mask) / static_cast<double>(answers);
  Results out = {{"hidden_psnr", each}};
  if (answers < 2) return out;
  const auto mean = filled.answers.mean(0);
  out.emplace_back("hidden_psnr_of_mean", hidden_psnr(mean, filled.truth, mask));
  const auto hidden = (1 - mask).expand_as(mean);
  const auto variance = filled.answers.var(0, /*unbiased=*/true) * hidden;
  out.emplace_back("hidden_spread", std::sqrt(variance.sum(torch::kDouble).item<double>() /
                                              hidden.sum(torch::kDouble).item<double>()));
  return out;
}

Filling mean_filling(const LoadedRun& run, const Dataset& training, const torch::Tensor& truth,
                     const torch::Tensor& mask) {
  const auto some = training.first(kFitted);
  auto sum = torch::zeros(truth[0].sizes(), torch::kDouble);
  for (const auto& part : some.x.split(kBatch))
    sum += run.scaling.to_model(part).sum(0, false, torch::kDouble);
  const auto mean = (sum / static_cast<double>(some.size())).to(torch::kFloat);
  return {"mean", truth * mask + mean * (1 - mask)};
}

std::vector<Filling> plain_fillings(const LoadedRun& run, const Dataset& training,
                                    const torch::Tensor& truth, const torch::Tensor& mask) {
  std::vector<Filling> out = {mean_filling(run, training, truth, mask)};
  const auto d = truth[0].numel();
  if (d > kWidestGaussian) return out;
  const auto fitted = std::min(kFitted, static_cast<int64_t>(kMostProducts / double(d * d)));
  const ConditionalGaussian gaussian(run.scaling.to_model(training.first(fitted).x),
                                     mask[0].expand_as(truth[0]));
  out.push_back({"gaussian", gaussian.complete(truth).clamp(0, 1)});
  return out;
}

}  // namespace figment
