// A small classifier and its training, for measurements that need one: a LeNet for images, three
// dense layers for rows of numbers.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/random.h"

namespace figment::bench {

constexpr int64_t kBatch = 128;
constexpr double kRate = 0.05, kMomentum = 0.9, kDecay = 5e-4;

// To mean 0 and deviation 1 by the statistics of what is learned from.
struct Standard {
  double mean, deviation;

  explicit Standard(const torch::Tensor& x) {
    const auto wide = x.to(torch::kFloat32);
    mean = wide.mean().item<double>();
    deviation = std::max(1e-6, wide.std().item<double>());
  }
  torch::Tensor operator()(const torch::Tensor& x) const {
    return (x.to(torch::kFloat32) - mean) / deviation;
  }
};

// For images of `shape` [C, H, W], H and W at least 12.
inline torch::nn::Sequential lenet(const std::vector<int64_t>& shape, int64_t classes) {
  using namespace torch::nn;
  if (shape.size() != 3 || std::min(shape[1], shape[2]) < 12)
    fail(Cause::kData, "classifier", "expected images of 12 x 12 pixels or more");
  const auto rows = shape[1] / 2 - 4, columns = shape[2] / 2 - 4;
  return Sequential(Conv2d(Conv2dOptions(shape[0], 16, 5).padding(2)), ReLU(), MaxPool2d(2),
                    Conv2d(16, 32, 5), ReLU(), MaxPool2d(2), Flatten(),
                    Linear(32 * (rows / 2) * (columns / 2), 128), ReLU(), Linear(128, classes));
}

inline torch::nn::Sequential dense(int64_t elements, int64_t classes) {
  using namespace torch::nn;
  return Sequential(Flatten(), Linear(elements, 128), ReLU(), Linear(128, 128), ReLU(),
                    Linear(128, classes));
}

// Stochastic gradient descent with momentum and a cosine over `steps`. An epoch passes over whole
// batches in an order of its own; of fewer than kBatch examples all are one batch.
inline void train(torch::nn::Sequential& net, const torch::Tensor& x, const torch::Tensor& label,
                  const Standard& standard, int64_t steps, std::uint64_t seed) {
  const auto weights = net->parameters();
  std::vector<torch::Tensor> speed;
  speed.reserve(weights.size());
  for (const auto& weight : weights) speed.push_back(torch::zeros_like(weight));
  const auto size = std::min(kBatch, x.size(0)), batches = x.size(0) / size;
  torch::Tensor order;
  for (int64_t step = 0; step < steps; ++step) {
    if (step % batches == 0)
      order = torch::tensor(permutation(x.size(0), seed, std::uint64_t(step / batches)));
    const auto rows = order.narrow(0, step % batches * size, size);
    const auto loss = torch::nn::functional::cross_entropy(
        net->forward(standard(x.index_select(0, rows))), label.index_select(0, rows));
    const auto gradients = torch::autograd::grad({loss}, weights);
    const double rate = kRate * 0.5 * (1 + std::cos(M_PI * double(step) / double(steps)));
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      speed[i].mul_(kMomentum).add_(gradients[i]).add_(weights[i], kDecay);
      weights[i].sub_(speed[i], rate);
    }
  }
}

inline torch::Tensor predict(torch::nn::Sequential& net, const torch::Tensor& x,
                             const Standard& standard) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (const auto& part : x.split(1000)) parts.push_back(net->forward(standard(part)).argmax(1));
  return torch::cat(parts);
}

inline double percent(const torch::Tensor& hits) {
  return 100 * hits.to(torch::kFloat64).mean().item<double>();
}

}  // namespace figment::bench
