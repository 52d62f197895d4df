#include "figment/eval/anomaly_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "figment/core/error.h"
#include "figment/data/loader.h"
#include "figment/eval/marginal.h"
#include "figment/eval/nearest.h"
#include "figment/eval/ranking.h"
#include "figment/model/abilities.h"
#include "figment/model/reconstructs_now.h"
#include "figment/nn/series.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;
constexpr int64_t kWidestCode = 4096;  // a wider one's covariance would be too large
constexpr int64_t kNeighbours = 5;
constexpr int64_t kMostReferences = 10000;
constexpr int64_t kRowsAtOnce = 4096;      // in double, of sets that may be large
constexpr double kLeastUsual = 1.0 / 400;  // of the mean variance: a twentieth of a deviation
constexpr double kInfinity = std::numeric_limits<double>::infinity();

torch::Tensor to_double(const torch::Tensor& x) { return x.to(torch::kCPU, torch::kDouble); }

// A model that answers NaN has seen nothing like it: no score is too high.
torch::Tensor without_nan(const torch::Tensor& scores) {
  return scores.masked_fill(scores.isnan(), kInfinity);
}

// [n, elements]: 1 for what an example holds, 0 for what pads it; undefined where nothing does.
torch::Tensor real_of(const Batch& batch) {
  if (!batch.length.defined()) return {};
  return real_steps(batch.length, batch.size(), batch.x.size(1), batch.x.options())
      .expand_as(batch.x)
      .flatten(1);
}

// What a reconstruction is off by in each element, 0 in padding. [n, elements]
torch::Tensor rest_of(const Batch& batch, const torch::Tensor& made) {
  const auto rest = (made - batch.x).flatten(1), real = real_of(batch);
  return real.defined() ? rest * real : rest;
}

}  // namespace

torch::Tensor Ellipsoid::distance(const torch::Tensor& points) const {
  const auto off = to_double(points) - mean;
  return off.mm(inverse).mul(off).sum(1).clamp_min(0).sqrt();
}

Ellipsoid fit_ellipsoid(const torch::Tensor& points) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(points.dim() == 2 && points.size(0) >= 1);
  const auto x = to_double(points);
  const auto n = static_cast<double>(x.size(0)), d = static_cast<double>(x.size(1));
  Ellipsoid out;
  out.mean = x.mean(0);
  const auto off = x - out.mean;
  const auto sample = off.t().mm(off) / n;
  const auto variance = sample.trace().item<double>() / d;
  // Ledoit & Wolf, "A well-conditioned estimator for large-dimensional covariance matrices": how
  // far the sample's lies from a multiple of the identity, and how much of that is uncertainty.
  const auto norm = sample.square().sum().item<double>();
  const auto apart = norm / d - variance * variance;
  const auto fourth = off.square().sum(1).square().mean().item<double>();
  const auto uncertain = (fourth - norm) / (n * d);
  if (apart > 0) out.shrinkage = std::clamp(uncertain / apart, 0.0, 1.0);
  // The last term is for what does not vary at all: another value is then far off, not infinitely.
  const auto identity = torch::eye(x.size(1), torch::kDouble);
  out.covariance = (1 - out.shrinkage) * sample + out.shrinkage * variance * identity;
  out.covariance += std::max(1e-12, 1e-12 * variance) * identity;
  out.inverse = torch::linalg_inv(out.covariance);
  return out;
}

Neighbourhood::Neighbourhood(const torch::Tensor& points) {
  const auto n = points.size(0);
  FIGMENT_CHECK(points.dim() == 2 && n >= 2);
  const auto kept = std::min(n, kMostReferences);
  index_ = (torch::arange(kept) * n).div(kept, "floor");
  kept_ = points.to(torch::kCPU, torch::kFloat).index_select(0, index_);
  count_ = std::min(kNeighbours, kept - 1);
}

torch::Tensor Neighbourhood::mean_nearest(const torch::Tensor& queries,
                                          const torch::Tensor& own) const {
  const auto found = nearest(kept_, queries.to(torch::kCPU, torch::kFloat), count_ + 1);
  auto distance = found.distance.to(torch::kDouble);
  if (own.defined())
    distance.masked_fill_(
        index_.index_select(0, found.index.flatten()).view_as(found.index) == own.unsqueeze(1),
        kInfinity);
  return without_nan(std::get<0>(distance.sort(1)).narrow(1, 0, count_).mean(1));
}

torch::Tensor Neighbourhood::distance(const torch::Tensor& queries) const {
  return mean_nearest(queries, {});
}

torch::Tensor Neighbourhood::own_distance(const torch::Tensor& points) const {
  return mean_nearest(points, torch::arange(points.size(0)));
}

torch::Tensor blurred(const torch::Tensor& pictures) {
  FIGMENT_CHECK(pictures.dim() == 4);
  const auto height = pictures.size(2), width = pictures.size(3);
  const auto sd = static_cast<double>(std::max(height, width)) / 28;
  const auto radius = static_cast<int64_t>(std::ceil(3 * sd));
  auto kernel = torch::arange(-radius, radius + 1, pictures.options()).square();
  kernel = kernel.div(-2 * sd * sd).exp();
  kernel = kernel / kernel.sum();
  const auto planes = pictures.reshape({-1, 1, height, width});
  const auto rows = torch::conv2d(planes, kernel.view({1, 1, -1, 1}), {}, at::IntArrayRef{1, 1},
                                  at::IntArrayRef{radius, 0});
  return torch::conv2d(rows, kernel.view({1, 1, 1, -1}), {}, at::IntArrayRef{1, 1},
                       at::IntArrayRef{0, radius})
      .view_as(pictures);
}

torch::Tensor unexplained_share(const torch::Tensor& x, const torch::Tensor& reconstruction) {
  FIGMENT_CHECK(x.sizes() == reconstruction.sizes());
  const auto a = to_double(blurred(x).flatten(1)),
             b = to_double(blurred(reconstruction).flatten(1));
  const auto energies = (a.square().sum(1) * b.square().sum(1)).clamp_min(1e-30);
  // What points the other way explains nothing either.
  const auto common = (a * b).sum(1).clamp_min(0).square();
  return without_nan(1 - common / energies).clamp_min(0);
}

Standardised::Standardised(const torch::Tensor& training) {
  unit = quantile_of(training, 0.5);
  if (!(unit > 0) || !std::isfinite(unit)) unit = 1;
  const auto logs = training.div(unit).log1p();
  median = quantile_of(logs, 0.5);
  range = quantile_of(logs, 0.75) - quantile_of(logs, 0.25);
  if (!(range > 0) || !std::isfinite(range)) range = 1;
}

torch::Tensor Standardised::operator()(const torch::Tensor& scores) const {
  return scores.div(unit).log1p().sub(median).div(range);
}

void ElementErrors::add(const torch::Tensor& rest, const torch::Tensor& x,
                        const torch::Tensor& real) {
  for (int64_t first = 0; first < x.size(0); first += kRowsAtOnce) {
    const auto piece = [&](const torch::Tensor& all) {
      return to_double(all.slice(0, first, first + kRowsAtOnce));
    };
    const auto errors = piece(rest), examples = piece(x);
    // What the model has no answer to says nothing of what is usual.
    const auto rows = (errors + examples).isfinite().all(1).nonzero().flatten();
    const auto there =
        (real.defined() ? piece(real) : torch::ones_like(examples)).index_select(0, rows);
    const auto values = examples.index_select(0, rows) * there;
    const auto sums = torch::stack({errors.index_select(0, rows).square().sum(0), values.sum(0),
                                    values.square().sum(0), there.sum(0)});
    sums_ = sums_.defined() ? sums_ + sums : sums;
  }
}

torch::Tensor ElementErrors::weighted(const torch::Tensor& rest) const {
  const auto count = sums_[3].clamp_min(1);
  const auto error = sums_[0] / count, mean = sums_[1] / count, energy = sums_[2] / count;
  const auto variance = (energy - mean.square()).clamp_min(0).mean();
  const auto usual = torch::maximum(error, (kLeastUsual * variance).clamp_min(1e-12));
  std::vector<torch::Tensor> parts;
  for (const auto& piece : rest.split(kRowsAtOnce))
    parts.push_back(to_double(piece).square().div(usual).sum(1));
  return without_nan(torch::cat(parts));
}

bool scores_anomalies(Model& model) {
  return reconstructs_of(model) != nullptr || dynamic_cast<Encodes*>(&model) != nullptr ||
         has_exact_marginal(model);
}

AnomalyDetector::AnomalyDetector(Model& model, const Scaling& scaling, const Dataset& training)
    : model_(model), scaling_(scaling), training_label_(training.label) {
  if (!scores_anomalies(model))
    fail(Cause::kConfig, "anomaly",
         "expected a model that reconstructs, encodes or has an exact density, to score examples "
         "by, got one that does none of this; figment list shows which families do");
  if (training.size() == 0)
    fail(Cause::kData, training.name, "expected training examples to compare with, got none");
  learn_elements(training);
  const auto seen = look_at(training);
  torch::Tensor neighbours;
  if (seen.code.defined()) {
    if (seen.code.size(1) <= kWidestCode) ellipsoid_ = fit_ellipsoid(seen.code);
    if (seen.code.size(0) > 1) {
      neighbourhood_ = Neighbourhood(seen.code);
      neighbours = neighbourhood_.own_distance(seen.code);
      of_code_ = Standardised(neighbours);
    }
  }
  if (seen.error.defined()) of_output_ = Standardised(seen.of_output());
  training_ = scores_of(seen, neighbours);
}

void AnomalyDetector::learn_elements(const Dataset& training) {
  auto* reconstructs = reconstructs_of(model_);
  if (reconstructs == nullptr || training.spec.modality == Modality::kImage) return;
  torch::NoGradGuard no_grad;
  model_.eval();
  Loader loader(training, scaling_, {kBatch, false, 0, model_.device()});
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    elements_.add(rest_of(batch, reconstructs->reconstruct(batch)), batch.x.flatten(1),
                  real_of(batch));
  }
}

AnomalyDetector::Seen AnomalyDetector::look_at(const Dataset& set) const {
  torch::NoGradGuard no_grad;
  model_.eval();
  auto* reconstructs = reconstructs_of(model_);
  auto* encodes = dynamic_cast<Encodes*>(&model_);
  Loader loader(set, scaling_, {kBatch, false, 0, model_.device()});
  std::vector<torch::Tensor> error, weighted, share, code;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    if (reconstructs != nullptr) {
      const auto made = reconstructs->reconstruct(batch);
      const auto rest = rest_of(batch, made);
      error.push_back(without_nan(to_double(rest.square().sum(1))));
      if (elements_.defined()) weighted.push_back(elements_.weighted(rest));
      if (set.spec.modality == Modality::kImage) share.push_back(unexplained_share(batch.x, made));
    }
    if (encodes != nullptr) code.push_back(to_double(encodes->encode(batch).flatten(1)));
  }
  const auto all = [](const std::vector<torch::Tensor>& parts) {
    return parts.empty() ? torch::Tensor() : torch::cat(parts);
  };
  torch::Tensor density;
  if (has_exact_marginal(model_))
    density = -marginal_log_density(model_, scaling_, set.x, training_label_);
  return {all(error), all(weighted), all(share), density, all(code)};
}

AnomalyScores AnomalyDetector::scores_of(const Seen& seen, const torch::Tensor& neighbours) const {
  AnomalyScores out;
  const auto add = [&](const char* name, const torch::Tensor& scores) {
    if (scores.defined()) out.emplace_back(name, without_nan(scores));
  };
  add("share", seen.share);
  if (seen.error.defined() && neighbours.defined())
    add("combined", of_output_(seen.of_output()) + of_code_(neighbours));
  add("weighted_error", seen.weighted);
  add("error", seen.error);
  add("density", seen.density);
  if (ellipsoid_.mean.defined()) add("code", ellipsoid_.distance(seen.code));
  add("neighbours", neighbours);
  return out;
}

AnomalyScores AnomalyDetector::score(const Dataset& set) const {
  FIGMENT_CHECK(set.size() > 0);
  const auto seen = look_at(set);
  return scores_of(seen,
                   neighbourhood_.defined() ? neighbourhood_.distance(seen.code) : torch::Tensor());
}

}  // namespace figment
