#include "figment/eval/plain_classifier.h"

#include <algorithm>

#include "figment/core/random.h"
#include "figment/data/loader.h"
#include "figment/model/optimizer.h"
#include "figment/train/device.h"

namespace figment {
namespace {

constexpr int64_t kHidden = 256, kBatch = 128, kPasses = 5, kFewestSteps = 300;
constexpr double kLearningRate = 1e-3;

CoderConfig coder() {
  CoderConfig config;
  config.hidden = {kHidden};
  return config;
}

Encoder seeded(const ExampleSpec& spec, int64_t classes, std::uint64_t seed) {
  seed_generators(mix(seed, 0));
  return Encoder(spec.shape, coder(), classes);
}

}  // namespace

PlainClassifier::PlainClassifier(const Dataset& training, const Scaling& scaling, int64_t classes,
                                 std::uint64_t seed)
    : scaling_(scaling), network_(seeded(training.spec, classes, seed)) {
  const torch::AutoGradMode with_gradients(true);
  NamedTensors parameters;
  for (const auto& item : network_->named_parameters())
    parameters.emplace_back(item.key(), item.value());
  OptimizerConfig config;
  config.learning_rate = kLearningRate;
  config.schedule = Schedule::kCosine;
  Optimizer optimizer("plain classifier", parameters, config);
  Loader loader(training, scaling, {kBatch, true, mix(seed, 1), torch::kCPU});
  const auto steps = std::max(kFewestSteps, kPasses * loader.batches());
  for (int64_t step = 0; step < steps; ++step) {
    const auto batch = loader.batch(step / loader.batches(), step % loader.batches());
    optimizer.set_clock(step, steps);
    optimizer.minimize(torch::nll_loss(torch::log_softmax(network_(batch.x), 1), batch.label));
  }
}

torch::Tensor PlainClassifier::classify(const Dataset& set) {
  torch::NoGradGuard no_grad;
  Loader loader(set, scaling_, {512, false, 0, torch::kCPU});
  std::vector<torch::Tensor> parts;
  for (int64_t i = 0; i < loader.batches(); ++i)
    parts.push_back(torch::log_softmax(network_(loader.batch(0, i).x), 1));
  return torch::cat(parts);
}

}  // namespace figment
