#include "figment/eval/evaluate.h"

#include <algorithm>
#include <cmath>

#include "figment/data/loader.h"
#include "figment/data/padding.h"
#include "figment/eval/nll.h"
#include "figment/eval/pca.h"
#include "figment/model/abilities.h"
#include "figment/model/active_units.h"
#include "figment/model/conditions.h"
#include "figment/model/reconstructs_now.h"

namespace figment {
namespace {

constexpr int64_t kBatch = 512;

// Sums of values and squares, for a mean with its standard error.
struct Moments {
  double sum = 0, squares = 0, n = 0;
  void add(const torch::Tensor& values) {
    const auto v = values.to(torch::kCPU, torch::kDouble);
    sum += v.sum().item<double>();
    squares += v.square().sum().item<double>();
    n += static_cast<double>(v.numel());
  }
  double mean() const { return sum / n; }
  double standard_error() const {
    if (n < 2) return 0;
    return std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1)) / n);
  }
};

// Of a model that is given a part of an example and copies it: which elements it has to answer, [m]
// int64 on the CPU. Undefined where these are all.
torch::Tensor answered_elements(Model& model) {
  if (part_of(model) == nullptr) return {};
  auto sizes = model.example().shape;
  sizes.insert(sizes.begin(), 1);
  return told_elements(model, sizes).flatten().nonzero().flatten();
}

}  // namespace

Results evaluate(Model& model, const Scaling& scaling, const Dataset& set, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  model.eval();
  auto* reconstructs = reconstructs_of(model);
  auto* densities = dynamic_cast<Densities*>(&model);
  auto* encodes = dynamic_cast<Encodes*>(&model);
  auto* classifies = set.label.defined() ? classifier_of(model) : nullptr;
  const auto answered = answered_elements(model);
  Loader loader(set, scaling, {kBatch, false, 0, model.device()});
  Moments sse, psnr, total, wrong;
  std::vector<std::pair<std::string, Moments>> parts;
  std::vector<torch::Tensor> codes;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(0, i);
    if (reconstructs != nullptr) {
      const auto off = (reconstructs->reconstruct(batch) - batch.x).square();
      auto error = with_padding(off, batch.length, 0).flatten(1);
      if (answered.defined()) error = error.index_select(1, answered.to(error.device()));
      sse.add(error.sum(1));
      if (set.spec.modality == Modality::kImage)
        psnr.add(-10 * error.mean(1).clamp_min(1e-12).log10());
    }
    if (densities != nullptr) {
      Noise noise(seed, i * kBatch, batch.size(), model.device());
      const auto density = densities->log_density(batch, noise);
      total.add(density.total);
      for (std::size_t k = 0; k < density.parts.size(); ++k) {
        if (i == 0) parts.emplace_back(density.parts[k].first, Moments{});
        parts[k].second.add(density.parts[k].second);
      }
    }
    if (classifies != nullptr) wrong.add(classifies->classify(batch).argmax(1) != batch.label);
    if (encodes != nullptr) codes.push_back(encodes->encode(batch).to(torch::kCPU));
  }
  Results out;
  if (reconstructs != nullptr) {
    out.emplace_back("reconstruction_sse", sse.mean());
    if (psnr.n > 0) out.emplace_back("reconstruction_psnr", psnr.mean());
  }
  if (densities != nullptr) {
    const std::string name = densities->density_name();
    out.emplace_back(name, total.mean());
    out.emplace_back(name + "_stderr", total.standard_error());
    for (const auto& [part, moments] : parts) out.emplace_back(part, moments.mean());
  }
  if (classifies != nullptr) {
    out.emplace_back("classification_error", wrong.mean());
    out.emplace_back("classification_error_stderr", wrong.standard_error());
  }
  if (encodes != nullptr && set.size() > 1) {
    const auto units = active_units(torch::cat(codes));
    out.emplace_back("active_units", static_cast<double>(units.active));
    out.emplace_back("code_dim", static_cast<double>(encodes->code_dim()));
  }
  return out;
}

Results baselines(Model& model, const Scaling& scaling, const Dataset& training,
                  const Dataset& set) {
  torch::NoGradGuard no_grad;
  if (reconstructs_of(model) == nullptr) return {};
  const auto numbers = numbers_of(scaling);
  const auto d = model.example().elements();
  const auto known = padded_for(scaling, training), judged = padded_for(scaling, set);
  auto real = real_elements(set);
  // Beside a model that is given a part they are judged where it is, on the rest.
  const auto answered = answered_elements(model);
  if (answered.defined())
    real = torch::zeros({d}).index_fill(0, answered, 1).expand({set.size(), d});
  auto mean = torch::zeros({1, d}, torch::kDouble);
  for_rows(known, numbers, [&](const torch::Tensor& x) { mean += x.sum(0, true, torch::kDouble); });
  // At each step of a series, of those that last so long.
  if (training.length.defined())
    mean = mean / real_elements(training).sum(0, true, torch::kDouble).clamp_min(1);
  else
    mean = mean / static_cast<double>(training.size());
  mean = mean.to(torch::kFloat);
  Results out = {
      {"mean_sse", sse_of_answers(
                       judged, numbers, [&](const torch::Tensor&) { return mean; }, real)}};
  const auto* encodes = dynamic_cast<Encodes*>(&model);
  if (encodes == nullptr || d > kWidestPca || training.size() < 2) return out;
  const auto k = std::min(encodes->code_dim(), d);
  out.emplace_back("pca_" + std::to_string(k) + "_sse", pca_sse(known, judged, k, numbers, real));
  return out;
}

}  // namespace figment
