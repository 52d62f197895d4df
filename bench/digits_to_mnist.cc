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
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "figment/core/error.h"
#include "figment/data/digits.h"
#include "small_lenet.h"

namespace figment {
namespace {

using bench::kBatch;
using bench::percent;
using bench::predict;
using bench::Standard;

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
  const Standard standard(source.train.x);
  const Clock training;
  auto net = bench::lenet(source.train.spec.shape, 10);
  bench::train(net, source.train.x, source.train.label, standard,
               epochs * (source.train.size() / kBatch), seed);
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
