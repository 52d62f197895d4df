#include "figment/apply/use.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"
#include "figment/core/text.h"
#include "figment/data/labels.h"
#include "figment/data/loader.h"
#include "figment/model/conditions.h"
#include "figment/model/draws_codes.h"
#include "figment/model/reconstructs_now.h"
#include "figment/train/prepare.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

// [a] in the data's numbers, NaN for those that are not asked for; undefined when none is.
torch::Tensor asked_attributes(Model& model, const SampleOptions& options) {
  if (options.attributes.empty()) return {};
  const auto* able = attributes_of(model);
  if (able == nullptr)
    fail(Cause::kConfig, "--attribute",
         "expected a model that is conditioned on attributes, but this one draws without; leave "
         "--attribute out");
  const auto& names = model.example().attributes;
  const auto mean = able->attribute_mean().to(torch::kCPU);
  const auto deviation = able->attribute_deviation().to(torch::kCPU);
  const auto is_answer = able->attribute_is_yes_or_no().to(torch::kCPU);
  auto asked = torch::full({mean.size(0)}, NAN);
  for (const auto& [name, value] : options.attributes) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      fail(Cause::kConfig, "--attribute", "expected an attribute of the model (", join(names, ", "),
           "), got '", printable(name), "'", did_you_mean(name, names));
    const auto i = found - names.begin();
    if (is_answer[i].item<bool>())
      asked[i] = value;
    else
      asked[i] = mean[i] + value * deviation[i];
  }
  return asked;
}

torch::Tensor sample_with(Samples& able, Model& model, const SampleOptions& options) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(options.n > 0 && options.batch_size > 0);
  const auto asked = asked_attributes(model, options);
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < options.n; first += options.batch_size) {
    const auto n = std::min(options.batch_size, options.n - first);
    Noise noise(options.seed, first, n, model.device());
    SampleRequest request{n, &noise, {}, options.temperature, {}};
    if (options.label >= 0)
      request.label = torch::full({n}, options.label, torch::kLong).to(model.device());
    if (asked.defined()) request.attributes = asked.expand({n, -1}).to(model.device());
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
  need_decoder_of_codes(*run.model, "reconstruct");
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

torch::Tensor decode(const LoadedRun& run, const torch::Tensor& codes, const torch::Tensor& label,
                     const torch::Tensor& attributes) {
  torch::NoGradGuard no_grad;
  auto& able = ability<Decodes>(run, &Abilities::decodes, "decode");
  need_decoder_of_codes(*run.model, "decode");
  const auto* encodes = dynamic_cast<Encodes*>(run.model.get());
  const auto* prior = dynamic_cast<DrawsPrior*>(run.model.get());
  if (encodes != nullptr || prior != nullptr) {
    const auto width = encodes != nullptr ? encodes->code_dim() : prior->code_dim();
    if (codes.dim() != 2 || codes.size(1) != width)
      fail(Cause::kData, "decode", "expected codes [n, ", width, "], got ", codes.sizes());
  }
  const auto classes = static_cast<int64_t>(run.example().classes.size());
  if (label.defined() && (label < 0).logical_or(label >= classes).any().item<bool>())
    fail(Cause::kData, "decode", "expected classes in [0, ", classes, "), got ",
         label.min().item<int64_t>(), " to ", label.max().item<int64_t>());
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < codes.size(0); first += kBatch) {
    const auto n = std::min(kBatch, codes.size(0) - first);
    const auto of = [&](const torch::Tensor& all) {
      return all.defined() ? all.narrow(0, first, n).to(run.device()) : all;
    };
    const auto part = of(codes).to(torch::kFloat);
    Batch given;
    given.label = of(label);
    given.attributes = of(attributes);
    parts.push_back((attributes.defined()
                         ? dynamic_cast<Conditions&>(*run.model).decode_as(part, given)
                         : able.decode(part, given.label))
                        .to(torch::kCPU));
  }
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
    config.attributes_file =
        "";  // it was beside the run's own; attributes.csv in this one is found
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
  need_knowledge_of_lengths(*run.family, *run.model, set);
  if (!run.example().classes.empty()) adopt_classes(set, run.example().classes);
  return set;
}

}  // namespace figment
