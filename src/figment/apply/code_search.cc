#include "figment/apply/code_search.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "figment/apply/use.h"
#include "figment/core/counted.h"
#include "figment/core/error.h"
#include "figment/model/conditions.h"
#include "figment/model/draws_codes.h"
#include "figment/model/optimizer.h"
#include "figment/model/stepwise.h"
#include "figment/nn/fixed_weights.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;
constexpr int64_t kDrawn = 10000;
constexpr std::uint64_t kDrawnSeed = 1;
constexpr double kRate = 0.1;          // of the descent, in deviations of the prior
constexpr double kPriorWeight = 0.01;  // noise of deviation 0.1 on each number of an example

}  // namespace

CodeSpread CodeSpread::of(const LoadedRun& run) {
  const torch::NoGradGuard no_grad;
  Noise noise(kDrawnSeed, 0, kDrawn, run.device());
  const auto z = dynamic_cast<DrawsPrior&>(*run.model).draw_prior(noise).z.to(torch::kFloat);
  return {z.mean(0), z.std(0).clamp_min(1e-6), z.amin(0), z.amax(0)};
}

torch::Tensor decode_given(const LoadedRun& run, const torch::Tensor& code,
                           const torch::Tensor& label) {
  if (auto* conditions = dynamic_cast<Conditions*>(run.model.get())) {
    Batch given;
    given.label = label;
    return conditions->decode_as(code, given);
  }
  return dynamic_cast<Decodes&>(*run.model).decode(code, label);
}

bool can_search(Model& model) {
  const auto* conditions = dynamic_cast<Conditions*>(&model);
  return dynamic_cast<Decodes*>(&model) != nullptr &&
         dynamic_cast<DrawsPrior*>(&model) != nullptr &&
         dynamic_cast<Encodes*>(&model) == nullptr && dynamic_cast<Inverts*>(&model) == nullptr &&
         dynamic_cast<Stepwise*>(&model) == nullptr &&
         (conditions == nullptr || !(conditions->on_attributes() || conditions->on_part()));
}

CodeSearch::CodeSearch(const LoadedRun& run, Say say) : run_(run), say_(std::move(say)) {
  FIGMENT_CHECK(can_search(*run.model));
}

torch::Tensor CodeSearch::refine(const torch::Tensor& guess, const Batch& batch) const {
  const torch::AutoGradMode with_graph(true);
  const FixedWeights model(*run_.model);
  auto z = guess.clone().set_requires_grad(true);  // in deviations of the prior
  OptimizerConfig config;
  config.learning_rate = kRate;
  config.schedule = Schedule::kCosine;
  Optimizer descent("code", {{"z", z}}, config);
  const auto low = (spread_.low - spread_.mean) / spread_.deviation;
  const auto high = (spread_.high - spread_.mean) / spread_.deviation;
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto x = decode_given(run_, spread_.mean + spread_.deviation * z, batch.label);
    // Sums, so that no code feels who is beside it.
    descent.set_clock(step, kSteps);
    descent.minimize((x - batch.x).square().sum() + kPriorWeight * z.square().sum());
    const torch::NoGradGuard no_grad;
    z.copy_(torch::minimum(torch::maximum(z, low), high));
  }
  return z.detach();
}

void CodeSearch::tell(const Dataset& set, double error, double psnr) const {
  if (!say_) return;
  const auto n = set.size();
  char text[256];
  std::snprintf(text, sizeof text,
                "'%s' does not encode: codes of %s found by %s, squared error %.4g",
                std::string(run_.family->name).c_str(), counted(n, "example").c_str(),
                n > kMostRefined ? "a learned inverse alone" : "search", error);
  std::string line = text;
  if (run_.example().modality == Modality::kImage) {
    std::snprintf(text, sizeof text, " (%.2f dB)", psnr);
    line += text;
  }
  say_(line + (n == 1 ? "" : " in the mean"));
}

torch::Tensor CodeSearch::find(const Dataset& set) {
  FIGMENT_CHECK(set.size() > 0);
  if (!inverse_) {
    inverse_ = learned_inverse(run_, say_);
    spread_ = CodeSpread::of(run_);
  }
  std::vector<torch::Tensor> parts;
  double error = 0, psnr = 0;
  for_each_batch(*run_.model, run_.scaling, set, kBatch, [&](const Batch& batch, int64_t) {
    auto z = inverse_->forward(batch.x);
    if (set.size() <= kMostRefined) z = refine(z, batch);
    const auto code = spread_.mean + spread_.deviation * z;
    const auto off = (decode_given(run_, code, batch.label) - batch.x).square().flatten(1);
    error += off.sum().item<double>();
    psnr += (-10 * off.mean(1).clamp_min(1e-12).log10()).sum().item<double>();
    parts.push_back(code.to(torch::kCPU, torch::kFloat));
  });
  const auto n = static_cast<double>(set.size());
  tell(set, error / n, psnr / n);
  return torch::cat(parts);
}

}  // namespace figment
