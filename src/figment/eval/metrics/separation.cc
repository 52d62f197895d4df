// How well sums of examples are taken apart: squared error and, of images, PSNR of each source
// beside the mixture's.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/eval/metric.h"

namespace figment::metrics {
namespace {

constexpr int64_t kBatch = 256;

// Decibels by which the mean squared error of a lies below 1 (the square of the range of images),
// for each example. [n]
torch::Tensor psnr(const torch::Tensor& a, const torch::Tensor& b) {
  return -10 * (a - b).square().flatten(1).mean(1).clamp_min(1e-12).log10();
}

// The outputs [n, k, ...] in that order, for each example, which fits the sources best.
torch::Tensor assigned(const torch::Tensor& outputs, const torch::Tensor& sources) {
  const auto k = outputs.size(1);
  std::vector<int64_t> order(static_cast<std::size_t>(k));
  std::iota(order.begin(), order.end(), 0);
  torch::Tensor best, least;
  do {
    const auto turned = outputs.index_select(1, torch::tensor(order).to(outputs.device()));
    const auto error = (turned - sources).square().flatten(1).sum(1);
    if (!best.defined()) {
      best = turned;
      least = error;
      continue;
    }
    std::vector<int64_t> each(static_cast<std::size_t>(outputs.dim()), 1);
    each[0] = outputs.size(0);
    best = torch::where((error < least).view(each), turned, best);
    least = torch::minimum(error, least);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

Measured measure(const MetricRequest& request) {
  torch::NoGradGuard no_grad;
  auto* able = dynamic_cast<Separates*>(&request.model);
  if (able == nullptr) metric_lacks(request, "separation", "separates");
  request.model.eval();
  Loader loader(request.set, request.scaling, {kBatch, false, 0, request.model.device()});
  const auto k = able->sources();
  // Of other numbers than pixels 1 is no range: they have no PSNR.
  const bool images = request.model.example().modality == Modality::kImage;
  std::vector<double> of_source(static_cast<std::size_t>(k)), of_mixture(of_source),
      error(of_source), error_of_mixture(of_source);
  double n = 0;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    Noise noise(request.seed, i * kBatch, batch.size(), request.model.device());
    const auto mixture = able->mix(batch, noise);
    const auto outputs = assigned(able->separate(mixture.x), mixture.sources);
    for (int64_t j = 0; j < k; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const auto source = mixture.sources.select(1, j), output = outputs.select(1, j);
      of_source[at] += psnr(output, source).sum().item<double>();
      of_mixture[at] += psnr(mixture.x, source).sum().item<double>();
      error[at] += (output - source).square().sum().item<double>();
      error_of_mixture[at] += (mixture.x - source).square().sum().item<double>();
    }
    n += static_cast<double>(mixture.x.size(0));
  }
  Measured out;
  for (int64_t j = 0; j < k; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const auto name = "source_" + std::to_string(j + 1);
    if (images) out.metrics.emplace_back(name + "_psnr", of_source[at] / n);
    out.metrics.emplace_back(name + "_sse", error[at] / n);
    if (images) out.baselines.emplace_back("mixture_as_" + name + "_psnr", of_mixture[at] / n);
    out.baselines.emplace_back("mixture_as_" + name + "_sse", error_of_mixture[at] / n);
  }
  return out;
}

}  // namespace

extern const Metric separation;
const Metric separation = {
    "separation", "PSNR and error of each source out of sums of examples, beside the mixture's",
    &measure};

}  // namespace figment::metrics
