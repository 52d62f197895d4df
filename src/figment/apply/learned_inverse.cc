#include "figment/apply/learned_inverse.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "figment/apply/code_search.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/data/kept.h"
#include "figment/data/safetensors.h"
#include "figment/model/draws_codes.h"
#include "figment/model/optimizer.h"
#include "figment/nn/fixed_weights.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatch = 128, kSteps = 1000;
constexpr double kRate = 2e-3;
constexpr std::uint64_t kSeed = 2016;
constexpr int64_t kSmallestConvolved = 8;  // pixels
constexpr char kFormatKey[] = "figment_inverse";

CoderConfig shape_of_network(const ExampleSpec& example) {
  CoderConfig config;
  const bool convolved = example.modality == Modality::kImage &&
                         std::min(example.shape[1], example.shape[2]) >= kSmallestConvolved;
  config.network = convolved ? Network::kConv : Network::kMlp;
  config.channels = {32, 64};
  config.hidden = {256};
  return config;
}

int64_t width_of(const LoadedRun& run) { return dynamic_cast<DrawsPrior&>(*run.model).code_dim(); }

Encoder untrained(const LoadedRun& run) {
  Encoder out(run.example().shape, shape_of_network(run.example()), width_of(run));
  const torch::NoGradGuard no_grad;
  Noise noise(kSeed, 0, 1);  // from counters: what else draws random numbers does not matter
  for (auto& parameter : out->parameters()) {
    if (parameter.dim() < 2) {
      parameter.zero_();
      continue;
    }
    const auto inputs = static_cast<double>(parameter[0].numel());
    parameter.copy_(noise.normal(parameter.sizes()).squeeze(0) * std::sqrt(2 / inputs));
  }
  out->to(run.device());
  return out;
}

NamedTensors weights_of(const Encoder& network) {
  NamedTensors out;
  for (const auto& item : network->named_parameters()) out.emplace_back(item.key(), item.value());
  return out;
}

std::string checksum_of(const NamedTensors& tensors) {
  std::string all;
  for (const auto& [name, tensor] : tensors) {
    const auto plain = tensor.detach().to(torch::kCPU).contiguous();
    all += name + checksum({static_cast<const char*>(plain.data_ptr()), plain.nbytes()});
  }
  return checksum(all);
}

// Of the model, weights and what else it consists of.
std::string key_of(const LoadedRun& run) {
  NamedTensors all;
  for (const auto& item : run.model->named_parameters()) all.emplace_back(item.key(), item.value());
  for (const auto& item : run.model->named_buffers()) all.emplace_back(item.key(), item.value());
  return std::to_string(kInverseRecipe) + "-" + checksum_of(all);
}

void read_into(Encoder& network, const fs::path& file) {
  const auto found =
      decode_safetensors(read_file(file, 1ULL << 34, Cause::kCheckpoint), file.string());
  const auto wanted = weights_of(network);
  const auto format = found.metadata.find(kFormatKey);
  if (format == found.metadata.end() || format->second != checksum_of(found.tensors))
    fail(Cause::kCheckpoint, file.string(),
         "expected a learned inverse with its checksum; the file is damaged");
  bool fits = found.tensors.size() == wanted.size();
  for (const auto& [name, tensor] : wanted) {
    const auto at = std::find_if(found.tensors.begin(), found.tensors.end(),
                                 [&, n = name](const auto& one) { return one.first == n; });
    fits = fits && at != found.tensors.end() && at->second.sizes() == tensor.sizes() &&
           at->second.scalar_type() == torch::kFloat;
    if (!fits) fail(Cause::kCheckpoint, file.string(), "expected the layers of a learned inverse");
    const torch::NoGradGuard no_grad;
    auto to = tensor;
    to.copy_(at->second);
  }
}

Encoder make(const LoadedRun& run, const Say& say) {
  if (say)
    say("learning codes from what the model makes of them: " + std::to_string(kSteps) +
        " steps, once for this checkpoint");
  const auto begin = std::chrono::steady_clock::now();
  auto out = train_inverse(run);
  if (say)
    say("learned in " +
        duration(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  return out;
}

}  // namespace

Encoder train_inverse(const LoadedRun& run) {
  auto& prior = dynamic_cast<DrawsPrior&>(*run.model);
  auto network = untrained(run);
  const auto spread = CodeSpread::of(run);
  OptimizerConfig config;
  config.learning_rate = kRate;
  config.schedule = Schedule::kCosine;
  Optimizer optimizer("inverse", weights_of(network), config);
  const auto classes = static_cast<double>(run.example().classes.size());
  for (int64_t step = 0; step < kSteps; ++step) {
    Noise noise(mix(kSeed, static_cast<std::uint64_t>(step)), 0, kBatch, run.device());
    torch::Tensor z, x;
    {
      const torch::NoGradGuard no_grad;
      z = prior.draw_prior(noise).z;
      const auto label = (noise.uniform({1}).squeeze(1) * classes).to(torch::kLong);
      x = decode_given(run, z, classes > 0 ? label : torch::Tensor());
    }
    const torch::AutoGradMode with_graph(true);
    const auto off = (network->forward(x) - (z - spread.mean) / spread.deviation).square();
    optimizer.set_clock(step, kSteps);
    optimizer.minimize(off.sum(1).mean());
  }
  network->eval();
  return network;
}

fs::path inverse_file(const LoadedRun& run) {
  if (run.folder.empty()) return {};
  return run.folder / "inverse" / (key_of(run) + ".safetensors");
}

Encoder learned_inverse(const LoadedRun& run, const Say& say) {
  Keeping<Encoder> keeping;
  keeping.what = "the learned inverse";
  keeping.file = inverse_file(run);
  keeping.make = [&] { return make(run, say); };
  keeping.read = [&] {
    auto network = untrained(run);
    read_into(network, keeping.file);
    network->eval();
    return network;
  };
  keeping.bytes = [](const Encoder& network) {
    NamedTensors plain;
    for (const auto& [name, tensor] : weights_of(network))
      plain.emplace_back(name, tensor.detach());
    return encode_safetensors(plain, {{kFormatKey, checksum_of(plain)}});
  };
  return kept_or_made(keeping, say);
}

}  // namespace figment
