// How handwritten the built-in digits are: trains a small LeNet on them alone and counts how many
// real MNIST digits it then reads.
//
//   digits_to_mnist MNIST_FOLDER [--train-images N] [--epochs N] [SEED...]
//
// Judges on the 10,000 test images; with --train-images N, on the last N of the training images
// instead, which is what to look at while the generator is being changed.
#include <torch/torch.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/data/digits.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 128;
constexpr double kRate = 0.05, kMomentum = 0.9, kDecay = 5e-4;

// The payload of a gzipped IDX file of bytes, `header` bytes in.
torch::Tensor read_idx(const std::string& path, std::size_t header, std::vector<int64_t> shape) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  auto out = torch::empty(shape, torch::kUInt8);
  std::vector<char> skipped(header);
  const auto bytes = static_cast<unsigned>(out.numel());
  if (!file || gzread(file.get(), skipped.data(), unsigned(header)) != int(header) ||
      gzread(file.get(), out.data_ptr(), bytes) != int(bytes))
    fail(Cause::kData, path, "expected an IDX file with ", bytes, " bytes of data");
  return out;
}

struct Judge {
  torch::Tensor x, label;
};

Judge mnist(const std::string& folder, int64_t train_images) {
  const bool test = train_images == 0;
  const int64_t n = test ? 10000 : 60000, first = test ? 0 : n - train_images;
  const std::string stem = folder + (test ? "/t10k" : "/train");
  const auto x = read_idx(stem + "-images-idx3-ubyte.gz", 16, {n, 1, 28, 28});
  const auto label = read_idx(stem + "-labels-idx1-ubyte.gz", 8, {n});
  return {x.slice(0, first), label.slice(0, first).to(torch::kInt64)};
}

// To [0, 1], then to mean 0 and deviation 1 by the digits' own statistics.
struct Standard {
  double mean, deviation;
  torch::Tensor operator()(const torch::Tensor& x) const {
    return (x.to(torch::kFloat32) / 255 - mean) / deviation;
  }
};

torch::nn::Sequential lenet() {
  using namespace torch::nn;
  return Sequential(Conv2d(Conv2dOptions(1, 16, 5).padding(2)), ReLU(), MaxPool2d(2),
                    Conv2d(16, 32, 5), ReLU(), MaxPool2d(2), Flatten(), Linear(32 * 25, 128),
                    ReLU(), Linear(128, 10));
}

void train(torch::nn::Sequential& net, const Dataset& set, const Standard& standard, int64_t epochs,
           std::uint64_t seed) {
  const auto weights = net->parameters();
  std::vector<torch::Tensor> speed;
  speed.reserve(weights.size());
  for (const auto& weight : weights) speed.push_back(torch::zeros_like(weight));
  const auto steps = epochs * (set.size() / kBatch);
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    const auto order = torch::tensor(permutation(set.size(), seed, std::uint64_t(epoch)));
    for (int64_t at = 0; at + kBatch <= set.size(); at += kBatch, ++step) {
      const auto batch = set.select(order.narrow(0, at, kBatch));
      const auto loss =
          torch::nn::functional::cross_entropy(net->forward(standard(batch.x)), batch.label);
      const auto gradients = torch::autograd::grad({loss}, weights);
      const double rate = kRate * 0.5 * (1 + std::cos(M_PI * double(step) / double(steps)));
      const torch::NoGradGuard no_grad;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        speed[i].mul_(kMomentum).add_(gradients[i]).add_(weights[i], kDecay);
        weights[i].sub_(speed[i], rate);
      }
    }
  }
}

torch::Tensor predict(torch::nn::Sequential& net, const torch::Tensor& x,
                      const Standard& standard) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (const auto& part : x.split(1000)) parts.push_back(net->forward(standard(part)).argmax(1));
  return torch::cat(parts);
}

double percent(const torch::Tensor& hits) {
  return 100 * hits.to(torch::kFloat64).mean().item<double>();
}

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

double run(const Judge& judge, int64_t epochs, std::uint64_t seed) {
  torch::manual_seed(seed);
  const Clock making;
  DigitsOptions options;
  options.seed = seed;
  const auto source = digits(options);
  const double made = making.seconds();
  const auto pixels = source.train.x.to(torch::kFloat32) / 255;
  const Standard standard{pixels.mean().item<double>(), pixels.std().item<double>()};
  const Clock training;
  auto net = lenet();
  train(net, source.train, standard, epochs, seed);
  const double trained = training.seconds();
  const auto own = percent(predict(net, source.test->x, standard) == source.test->label);
  const auto guess = predict(net, judge.x, standard);
  const double accuracy = percent(guess == judge.label);
  std::printf("seed %llu: MNIST %.2f %%, own test set %.2f %%; made in %.1f s, trained in %.0f s\n",
              static_cast<unsigned long long>(seed), accuracy, own, made, trained);
  std::printf("  recall by digit (most mistaken for):");
  for (int64_t digit = 0; digit < 10; ++digit) {
    const auto answers = guess.masked_select(judge.label == digit);
    auto counts = torch::bincount(answers, {}, 10);
    counts[digit] = 0;
    std::printf("  %d %.1f (%d)", int(digit), percent(answers == digit),
                counts.argmax().item<int>());
  }
  std::printf("\n");
  return accuracy;
}

int run_all(int argc, char** argv) {
  std::string folder;
  int64_t train_images = 0, epochs = 3;
  torch::set_num_threads(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  std::vector<std::uint64_t> seeds;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--train-images" && i + 1 < argc) {
      train_images = std::stoll(argv[++i]);
    } else if (word == "--epochs" && i + 1 < argc) {
      epochs = std::stoll(argv[++i]);
    } else if (folder.empty()) {
      folder = word;
    } else {
      seeds.push_back(std::stoull(word));
    }
  }
  if (folder.empty() || train_images < 0 || train_images > 60000 || epochs < 1) {
    std::fprintf(stderr,
                 "digits_to_mnist MNIST_FOLDER [--train-images N] [--epochs N] [SEED...]\n");
    return exit_code(Cause::kConfig);
  }
  if (seeds.empty()) seeds = {0, 1, 2};
  const auto judge = mnist(folder, train_images);
  double sum = 0;
  for (const auto seed : seeds) sum += run(judge, epochs, seed);
  std::printf("mean of %zu: %.2f %%\n", seeds.size(), sum / double(seeds.size()));
  return 0;
}

}  // namespace
}  // namespace figment

int main(int argc, char** argv) {
  try {
    return figment::run_all(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
