#include "figment/train/js_watch.h"

#include "figment/data/bins.h"
#include "figment/data/toy.h"
#include "figment/model/abilities.h"
#include "figment/model/discriminates.h"

namespace figment {
namespace {

constexpr int64_t kPoints = 10000;
constexpr int64_t kSideOfPlane = 50, kSideOfLine = 200;  // bins along an axis
constexpr std::uint64_t kSeedOfBoth = 0x6a73;            // of points and noise; of no set

// The shares of the truth in bins that its own points span, and these points.
struct Truth {
  torch::Tensor points;  // [kPoints, d]
  Bins bins;
  torch::Tensor shares;  // [bins + 1] double
};

Truth truth_of(const std::string& source) {
  Truth out;
  out.points = toy_points(source, kSeedOfBoth, 0, kPoints).x;
  out.bins = bins_about(out.points, out.points.size(1) == 1 ? kSideOfLine : kSideOfPlane);
  out.shares =
      out.bins.integrals([&](const torch::Tensor& x) { return *toy_log_density(source, x); });
  return out;
}

}  // namespace

// In a logarithm of the columns, or with classes left out, the density is another one.
bool has_known_density(const DataConfig& data, const ExampleSpec& example) {
  return toy_has_density(data.source) && data.normal.empty() && data.log1p.empty() &&
         example.modality == Modality::kVector &&
         example.shape == std::vector<int64_t>{toy_dims(data.source)};
}

std::optional<double> js_divergence_of(Model& model, const DataConfig& data,
                                       const Scaling& scaling) {
  auto* samples = dynamic_cast<Samples*>(&model);
  if (samples == nullptr || dynamic_cast<Discriminates*>(&model) == nullptr ||
      !has_known_density(data, model.example()))
    return {};
  torch::NoGradGuard no_grad;
  const AverageScope averaged(model.optimizers());
  const bool training = model.is_training();
  model.eval();
  Noise noise(kSeedOfBoth, 0, kPoints, model.device());
  SampleRequest request;
  request.n = kPoints;
  request.noise = &noise;
  const auto made = scaling.to_data(samples->sample(request).to(torch::kCPU));
  model.train(training);
  const auto truth = truth_of(data.source);
  return jensen_shannon(truth.shares, truth.bins.shares(made));
}

double js_divergence_of_truth(const std::string& source) {
  const auto truth = truth_of(source);
  return jensen_shannon(truth.shares, truth.bins.shares(truth.points));
}

void watch_js_divergence(Model& model, const DataConfig& data, const Scaling& scaling,
                         std::vector<std::pair<std::string, double>>& values) {
  if (const auto divergence = js_divergence_of(model, data, scaling))
    values.emplace_back("js_divergence", *divergence);
}

}  // namespace figment
