#include "figment/apply/variation.h"

#include <cmath>
#include <functional>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/model/draws_codes.h"
#include "figment/model/stepwise.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 256;

// One variation of each of a batch.
using Way = std::function<torch::Tensor(const Batch& batch, Noise& noise)>;

Way by_codes(Model& model, double strength) {
  auto* encodes = dynamic_cast<Encodes*>(&model);
  auto* decodes = dynamic_cast<Decodes*>(&model);
  if (dynamic_cast<Samples*>(&model) == nullptr || encodes == nullptr || decodes == nullptr)
    return {};
  auto* prior = dynamic_cast<DrawsCodes*>(&model);
  auto* conditions = dynamic_cast<Conditions*>(&model);
  return [=](const Batch& batch, Noise& noise) {
    // As for the manifold: codes of models that tell no prior are standard normal.
    const auto drawn =
        prior != nullptr ? prior->draw_prior(noise).z : noise.normal({encodes->code_dim()});
    const auto code =
        std::sqrt(1 - strength * strength) * encodes->encode(batch) + strength * drawn;
    return conditions != nullptr ? conditions->decode_as(code, batch)
                                 : decodes->decode(code, batch.label);
  };
}

Way way_of(const LoadedRun& run, double strength) {
  if (auto* steps = dynamic_cast<Stepwise*>(run.model.get()))
    return [=](const Batch& batch, Noise& noise) { return steps->vary(batch, strength, noise); };
  auto way = by_codes(*run.model, strength);
  if (!way)
    fail(Cause::kConfig, "vary",
         "expected a model that draws in steps, or one that samples, encodes and decodes, but '",
         run.family->name, "' does neither; figment list shows what each can do");
  return way;
}

}  // namespace

torch::Tensor vary(const LoadedRun& run, const Dataset& set, const VariationOptions& options) {
  FIGMENT_CHECK(options.strength > 0 && options.strength <= 1 && options.answers >= 1);
  const auto way = way_of(run, options.strength);
  std::vector<std::vector<torch::Tensor>> drawn(static_cast<std::size_t>(options.answers));
  for_each_batch(*run.model, run.scaling, set, kBatch, [&](const Batch& batch, int64_t first) {
    for (int64_t k = 0; k < options.answers; ++k) {
      Noise noise(mix(options.seed, static_cast<std::uint64_t>(k)), first, batch.size(),
                  run.device());
      drawn[static_cast<std::size_t>(k)].push_back(
          way(batch, noise).to(torch::kCPU, torch::kFloat));
    }
  });
  std::vector<torch::Tensor> all;
  all.reserve(drawn.size());
  for (const auto& parts : drawn) all.push_back(torch::cat(parts));
  return torch::stack(all);
}

}  // namespace figment
