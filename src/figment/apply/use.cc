#include "figment/apply/use.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/labels.h"
#include "figment/data/loader.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

torch::Tensor sample_with(Samples& able, Model& model, const SampleOptions& options) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(options.n > 0 && options.batch_size > 0);
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < options.n; first += options.batch_size) {
    const auto n = std::min(options.batch_size, options.n - first);
    Noise noise(options.seed, first, n, model.device());
    SampleRequest request{n, &noise, {}, options.temperature};
    if (options.label >= 0)
      request.label = torch::full({n}, options.label, torch::kLong).to(model.device());
    parts.push_back(able.sample(request).to(torch::kCPU, torch::kFloat));
  }
  return torch::cat(parts);
}

// Runs `make` over a set and joins what it returns.
template <class F>
torch::Tensor gather(Model& model, const Scaling& scaling, const Dataset& set, F&& make) {
  std::vector<torch::Tensor> parts;
  for_each_batch(model, scaling, set, kBatch, [&](const Batch& batch, int64_t) {
    parts.push_back(make(batch).to(torch::kCPU));
  });
  return torch::cat(parts);
}

}  // namespace

torch::Tensor sample(Model& model, const SampleOptions& options) {
  auto* able = dynamic_cast<Samples*>(&model);
  FIGMENT_CHECK(able != nullptr);
  return sample_with(*able, model, options);
}

torch::Tensor sample(const LoadedRun& run, const SampleOptions& options) {
  auto& able = ability<Samples>(run, &Abilities::samples, "sample");
  if (options.label >= 0 && !able.knows_classes())
    fail(Cause::kConfig, "sample", "expected a model that knows classes for --label ",
         options.label, ", but '", run.family->name, "' draws without; leave --label out");
  const auto classes = static_cast<int64_t>(run.example().classes.size());
  if (options.label >= classes)
    fail(Cause::kConfig, "sample", "expected a class in [0, ", classes, "), got ", options.label);
  return sample_with(able, *run.model, options);
}

void for_each_batch(Model& model, const Scaling& scaling, const Dataset& set, int64_t batch_size,
                    const std::function<void(const Batch&, int64_t)>& use) {
  torch::NoGradGuard no_grad;
  const bool training = model.is_training();
  model.eval();
  Loader loader(set, scaling, {batch_size, false, 0, model.device()});
  for (int64_t i = 0; i < loader.batches(); ++i) use(loader.batch(0, i), i * batch_size);
  model.train(training);
}

torch::Tensor reconstruct(const LoadedRun& run, const Dataset& set) {
  auto& able = ability<Reconstructs>(run, &Abilities::reconstructs, "reconstruct");
  return gather(*run.model, run.scaling, set,
                [&](const Batch& batch) { return able.reconstruct(batch); });
}

torch::Tensor encode(const LoadedRun& run, const Dataset& set) {
  ability<Encodes>(run, &Abilities::encodes, "encode");
  return encode(*run.model, run.scaling, set);
}

torch::Tensor encode(Model& model, const Scaling& scaling, const Dataset& set) {
  auto* able = dynamic_cast<Encodes*>(&model);
  FIGMENT_CHECK(able != nullptr);
  return gather(model, scaling, set, [&](const Batch& batch) { return able->encode(batch); });
}

torch::Tensor decode(const LoadedRun& run, const torch::Tensor& codes) {
  torch::NoGradGuard no_grad;
  auto& able = ability<Decodes>(run, &Abilities::decodes, "decode");
  if (const auto* encodes = dynamic_cast<Encodes*>(run.model.get()))
    if (codes.dim() != 2 || codes.size(1) != encodes->code_dim())
      fail(Cause::kData, "decode", "expected codes [n, ", encodes->code_dim(), "], got ",
           codes.sizes());
  std::vector<torch::Tensor> parts;
  for (const auto& part : codes.split(kBatch))
    parts.push_back(able.decode(part.to(run.device(), torch::kFloat)).to(torch::kCPU));
  return torch::cat(parts);
}

torch::Tensor to_output(const LoadedRun& run, const torch::Tensor& x) {
  if (run.example().modality == Modality::kImage)
    return x.mul(255).round().clamp(0, 255).to(torch::kUInt8);
  return run.encoding.to_data(run.scaling.to_data(x));
}

void check_example(const LoadedRun& run, const ExampleSpec& given, const std::string& where) {
  const auto& wanted = run.example();
  if (given.modality == wanted.modality && given.shape == wanted.shape) return;
  ExampleSpec plain_wanted = wanted, plain_given = given;
  plain_wanted.classes.clear();
  plain_given.classes.clear();
  fail(Cause::kData, where, "expected examples of ", plain_wanted.text(),
       ", as the model was trained on, got ", plain_given.text());
}

Dataset open_part(const LoadedRun& run, const std::string& part, const std::string& source,
                  const Watch& watch) {
  auto config = run.recipe.data;
  if (!source.empty()) {
    config.source = source;
    config.size = 0;
  }
  if (part != "train" && part != "validation" && part != "test")
    fail(Cause::kConfig, "--split", "expected train, validation or test, got '", printable(part),
         "'");
  const auto data = open_data(config, watch, &run.encoding);
  auto set = part == "train" ? data.train : part == "validation" ? data.validation : data.test;
  if (set.size() == 0)
    fail(Cause::kData, config.source, "expected examples in its ", part,
         " part, found none; choose another with --split");
  check_example(run, set.spec, config.source);
  if (!run.example().classes.empty()) adopt_classes(set, run.example().classes);
  return set;
}

}  // namespace figment
