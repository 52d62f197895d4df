#include "figment/model/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "figment/nn/normalization.h"
#include "figment/nn/spectral_norm.h"

namespace figment {
namespace {

// Two layers with batch normalization, the second with a vector of spectral normalization too.
struct Normalized : Model {
  explicit Normalized(double average) : Model(ExampleSpec{Modality::kVector, {2}, {}, {}}) {
    weight = register_parameter("weight", torch::ones({2, 2}));
    register_buffer("offset", torch::zeros({2}));
    first = register_module("first", Normalizer(Normalization::kBatch, 2));
    second = register_module("second", Normalizer(Normalization::kBatch, 2));
    spectral = register_module("spectral", SpectralNorm(weight));
    OptimizerConfig config;
    config.average = average;
    auto learned = first->parameters();
    learned.push_back(weight);
    optimizer = &register_optimizer("first", learned, config);
  }
  Metrics training_step(const Batch& batch) override {
    const auto h = first->forward(batch.x.mm(spectral->forward(weight)));
    const auto loss = second->forward(h).square().mean() + h.square().mean();
    optimizer->minimize(loss);
    return {{"loss", loss.detach()}};
  }
  Metrics validation_step(const Batch&) override { return {}; }
  torch::Tensor weight;
  Normalizer first{nullptr}, second{nullptr};
  SpectralNorm spectral{nullptr};
  Optimizer* optimizer = nullptr;
};

std::vector<std::string> averaged(const Normalized& model) {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : model.optimizer->average()) out.push_back(name);
  return out;
}

Batch far_from_zero() {
  Batch batch;
  batch.x = torch::randn({16, 2}) + 5;
  return batch;
}

TEST(Model, AveragesRunningMeansBesideTheWeightsTheyBelongTo) {
  EXPECT_TRUE(averaged(Normalized(0)).empty());
  torch::manual_seed(1);
  Normalized model(0.9);
  EXPECT_EQ(averaged(model), (std::vector<std::string>{"first.weight", "first.bias", "weight",
                                                       "first.running_mean", "first.running_var"}));
  auto mean = model.named_buffers()["first.running_mean"];
  auto expected = mean.clone();
  for (int step = 1; step <= 3; ++step) {
    model.training_step(far_from_zero());
    const double decay = std::min(0.9, (1.0 + step) / (10.0 + step));
    expected = decay * expected + (1 - decay) * mean;
  }
  const auto last = mean.clone();
  EXPECT_FALSE(torch::allclose(expected, last, 1e-2));
  {
    const AverageScope scope(model.optimizers());
    EXPECT_TRUE(torch::allclose(mean, expected, 1e-5)) << mean << expected;
  }
  EXPECT_TRUE(torch::equal(mean, last));
}

}  // namespace
}  // namespace figment
