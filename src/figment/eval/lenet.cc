// Training it, and keeping what was trained.
#include "figment/eval/lenet.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/core/random.h"
#include "figment/core/text.h"
#include "figment/data/kept.h"
#include "figment/data/named.h"
#include "figment/model/optimizer.h"
#include "figment/nn/noise.h"

namespace figment {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 32;
constexpr int64_t kBatch = 128;
constexpr int64_t kPasses = 10, kFewestSteps = 300, kMostSteps = 5000;
constexpr std::size_t kScaledBy = 10000;  // images
constexpr std::uint64_t kSeed = 1998;

int64_t batches_of(const Dataset& set) { return (set.size() + kBatch - 1) / kBatch; }
int64_t steps_for(const Dataset& set) {
  return std::clamp(kPasses * batches_of(set), kFewestSteps, kMostSteps);
}

// Mean and deviation of all pixels of each channel, in [0, 1].
void normalise_by(const torch::Tensor& images, FeatureNetSpec& spec) {
  const auto c = images.size(1);
  auto sum = torch::zeros({c}, torch::kDouble), squares = torch::zeros({c}, torch::kDouble);
  for (const auto& part : images.split(4096)) {
    const auto x = part.to(torch::kFloat).div_(255);
    sum += x.sum({0, 2, 3}, false, torch::kDouble);
    squares += x.square().sum({0, 2, 3}, false, torch::kDouble);
  }
  const auto n = static_cast<double>(images.numel() / c);
  const auto mean = sum / n;
  const auto deviation = (squares / n - mean.square()).clamp_min(1e-6).sqrt();
  for (int64_t i = 0; i < c; ++i) {
    spec.mean.push_back(mean[i].item<double>());
    spec.deviation.push_back(deviation[i].item<double>());
  }
}

FeatureNetSpec lenet_spec(const Dataset& training) {
  FeatureNetSpec spec;
  spec.title = "LeNet-5";
  spec.input = {training.spec.shape[0], kSide, kSide};
  spec.classes = training.spec.classes;
  normalise_by(training.x, spec);
  read_layers(
      "conv 6 kernel 5\nrelu\nmax_pool 2\nconv 16 kernel 5\nrelu\nmax_pool 2\n"
      "linear 120\nrelu\nlinear " +
          std::to_string(kLenetFeatures) + "\nrelu\nfeatures\nlinear " +
          std::to_string(spec.classes.size()),
      spec, "LeNet-5");
  return spec;
}

// Weights and biases uniform in +-1 / sqrt(inputs of a unit), from counters: what else draws random
// numbers does not matter.
NamedTensors first_weights(const FeatureNetSpec& spec) {
  NamedTensors out;
  auto [c, h, w] = spec.input;
  int64_t inputs = c * h * w;
  Noise noise(kSeed, 0, 1);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    const bool conv = layer.kind == FeatureLayer::Kind::kConv;
    if (layer.kernel > 0) {
      h = (h + 2 * layer.padding - layer.kernel) / layer.stride + 1;
      w = (w + 2 * layer.padding - layer.kernel) / layer.stride + 1;
    }
    if (layer.width == 0) {
      inputs = c * h * w;
      continue;
    }
    const auto shape = conv ? std::vector<int64_t>{layer.width, c, layer.kernel, layer.kernel}
                            : std::vector<int64_t>{layer.width, inputs};
    const auto fan_in = conv ? c * layer.kernel * layer.kernel : inputs;
    const auto bound = 1 / std::sqrt(static_cast<double>(fan_in));
    const auto draw = [&](const std::vector<int64_t>& of) {
      return noise.uniform(of).squeeze(0).mul_(2 * bound).sub_(bound).requires_grad_();
    };
    out.emplace_back("layer_" + std::to_string(i) + ".weight", draw(shape));
    out.emplace_back("layer_" + std::to_string(i) + ".bias", draw({layer.width}));
    c = layer.width;
    if (!conv) h = w = 1;
    inputs = c * h * w;
  }
  return out;
}

// The same classifier with features of mean square 1 over (10,000 of) the training images: what a
// rectified unit answers is in proportion to its weights, so the last hidden layer is divided by
// what the last one is multiplied by. Distances then have a scale that learning did not choose.
FeatureNet with_unit_features(const FeatureNet& net, const Dataset& training) {
  torch::NoGradGuard no_grad;
  auto order = permutation(training.size(), kSeed, 0);
  order.resize(std::min<std::size_t>(order.size(), kScaledBy));
  const auto some = training.x.index_select(0, torch::tensor(order, torch::kLong));
  const auto square = net.look(some).features.square().mean(torch::kDouble).item<double>();
  const auto root = std::sqrt(std::max(square, 1e-12));
  const auto hidden = "layer_" + std::to_string(net.spec().features - 2) + ".";
  const auto last = "layer_" + std::to_string(net.spec().features) + ".weight";
  NamedTensors scaled;
  for (const auto& [name, tensor] : net.weights()) {
    const bool in_hidden = name.rfind(hidden, 0) == 0;
    scaled.emplace_back(name, in_hidden      ? tensor.detach() / root
                              : name == last ? tensor.detach() * root
                                             : tensor.detach());
  }
  return FeatureNet(net.spec(), scaled, "LeNet-5");
}

// Of the examples, labels and names of classes.
std::string content_of(const Dataset& set) {
  if (set.size() == 0) return "none";
  const auto sum = [](const torch::Tensor& tensor) {
    const auto plain = tensor.contiguous();
    return checksum({static_cast<const char*>(plain.data_ptr()), plain.nbytes()});
  };
  std::string shape;
  for (const auto extent : set.x.sizes()) shape += std::to_string(extent) + "x";
  return shape + sum(set.x) + (set.label.defined() ? sum(set.label) : "") +
         checksum(join(set.spec.classes, "\n"));
}

std::string key_of(const Dataset& training, const Dataset& test) {
  return "lenet-" + std::to_string(kLenetRecipe) + "-" +
         checksum(content_of(training) + content_of(test));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

// Trains it and writes into its title what it is.
FeatureNet make(const Dataset& training, const Dataset& test, const Say& say) {
  if (say)
    say("training the feature network, LeNet-5, on " + std::to_string(training.size()) +
        " images of " + training.name + ": " + std::to_string(steps_for(training)) +
        " steps, once for this data set");
  const auto begin = std::chrono::steady_clock::now();
  const auto net = train_lenet(training);
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  auto spec = net.spec();
  spec.title +=
      " trained by figment on " + std::to_string(training.size()) + " images of " + training.name;
  const bool judged = test.size() > 0 && test.label.defined();
  if (judged) {
    const auto error = error_of(net, test);
    spec.title += ", error " + percent(error) + " on " + std::to_string(test.size()) + " others";
    spec.about["test_error"] = shortest(error);
    spec.about["test_examples"] = std::to_string(test.size());
  }
  spec.about["recipe"] = "lenet " + std::to_string(kLenetRecipe);
  spec.about["threads"] = std::to_string(at::get_num_threads());
  spec.about["seconds"] = shortest(std::round(seconds * 10) / 10);
  if (say) say("trained in " + duration(seconds) + ": " + spec.title);
  return FeatureNet(std::move(spec), net.weights(), "LeNet-5");
}

}  // namespace

bool suits_lenet(const Dataset& set) {
  return set.spec.modality == Modality::kImage && set.label.defined() && set.size() > 0 &&
         set.spec.classes.size() >= 2 && set.x.scalar_type() == torch::kUInt8;
}

FeatureNet train_lenet(const Dataset& training) {
  if (!suits_lenet(training))
    fail(Cause::kData, training.name, "expected labelled images of two classes at least, got ",
         training.spec.text(), training.label.defined() ? "" : " without labels");
  torch::AutoGradMode gradients(true);  // also where a metric switched them off
  FeatureNetSpec spec = lenet_spec(training);
  const auto weights = first_weights(spec);
  FeatureNet net(std::move(spec), weights, "LeNet-5");
  OptimizerConfig config;
  config.algorithm = Algorithm::kAdamW;
  config.learning_rate = 2e-3;
  config.weight_decay = 0.01;
  config.schedule = Schedule::kCosine;
  Optimizer optimizer("LeNet-5", net.weights(), config);
  const auto batches = batches_of(training), steps = steps_for(training);
  std::vector<int64_t> order;
  for (int64_t step = 0; step < steps; ++step) {
    // An order for each pass, a function of (seed, pass).
    if (step % batches == 0)
      order = permutation(training.size(), kSeed, static_cast<std::uint64_t>(step / batches));
    const auto first = (step % batches) * kBatch;
    const auto n = std::min(kBatch, training.size() - first);
    const auto rows = torch::tensor(
        std::vector<int64_t>(order.begin() + first, order.begin() + first + n), torch::kLong);
    const auto logits = net.forward(net.prepare(training.x.index_select(0, rows))).logits;
    optimizer.set_clock(step, steps);
    optimizer.minimize(
        torch::nll_loss(logits.log_softmax(1), training.label.index_select(0, rows)));
  }
  return with_unit_features(net, training);
}

double error_of(const FeatureNet& net, const Dataset& test) {
  FIGMENT_CHECK(net.classifies() && test.size() > 0 && test.label.defined());
  const auto& known = net.spec().classes;
  std::vector<int64_t> names;  // of each class of the set, its number in the network
  for (const auto& name : test.spec.classes) {
    const auto at = std::find(known.begin(), known.end(), name);
    names.push_back(at == known.end() ? -1 : at - known.begin());
  }
  const auto wanted = torch::tensor(names, torch::kLong).index_select(0, test.label);
  return (classify(net, test.x) != wanted).to(torch::kDouble).mean().item<double>();
}

std::optional<fs::path> features_folder() {
  if (const auto data = cache_folder()) return data->parent_path() / "features";
  return std::nullopt;
}

FeatureNet lenet(const Dataset& training, const Dataset& test, const Say& say) {
  Keeping<FeatureNet> keeping;
  keeping.what = "the feature network";
  if (const auto folder = features_folder())
    keeping.file = *folder / (key_of(training, test) + ".safetensors");
  keeping.make = [&] { return make(training, test, say); };
  keeping.read = [&] { return read_feature_net(keeping.file); };
  keeping.bytes = encode_feature_net;
  return kept_or_made(keeping, say);
}

}  // namespace figment
