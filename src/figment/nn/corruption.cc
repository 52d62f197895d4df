// Corruption processes q(damaged | clean), element by element.
#include "figment/nn/corruption.h"

#include <cmath>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

double middle_of(const Extremes& extremes) { return (extremes.low + extremes.high) / 2; }

// Along one dimension, [n, extent] bool: the window of each example, at `place` [n, 1] in [0, 1) of
// where it may begin. What is left in the middle of an extent is split evenly, rounded down.
torch::Tensor window(int64_t extent, double share, const torch::Tensor& place) {
  const auto margin = static_cast<double>(extent) * (1 - share);
  const auto before = (place * (2 * std::floor(margin / 2) + 1)).floor();
  const auto length = static_cast<double>(extent) - 2 * std::floor(margin / 2);
  const auto at = torch::arange(extent, place.options()).unsqueeze(0);
  return (at >= before).logical_and(at < before + length);
}

// Which elements the windows of x hide; place [n, 2] in [0, 1), downwards and to the right.
torch::Tensor windows(const torch::Tensor& x, double share, const torch::Tensor& place) {
  const auto n = x.size(0);
  if (x.dim() == 4)
    return window(x.size(2), share, place.narrow(1, 0, 1))
        .view({n, 1, -1, 1})
        .logical_and(window(x.size(3), share, place.narrow(1, 1, 1)).view({n, 1, 1, -1}));
  auto shape = std::vector<int64_t>(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = n;
  shape[1] = x.size(1);
  return window(x.size(1), share, place.narrow(1, 0, 1)).view(shape);
}

// `normal` draws a tensor like x, `uniform` one of the shape given for each example.
template <class Normal, class Uniform>
torch::Tensor corrupt_with(const CorruptionConfig& config, const torch::Tensor& x,
                           const Extremes& extremes, Normal&& normal, Uniform&& uniform) {
  switch (config.kind) {
    case Corruption::kNone:
      return x;
    case Corruption::kGaussian: {
      const auto damaged = x + config.amount * normal();
      return config.clip ? damaged.clamp(extremes.low, extremes.high) : damaged;
    }
    case Corruption::kSaltAndPepper: {
      const auto u = uniform(x.sizes().slice(1));
      const auto half = config.amount / 2;
      return x.masked_fill(u < half, extremes.low).masked_fill(u >= 1 - half, extremes.high);
    }
    case Corruption::kMasking:
      return x.masked_fill(uniform(x.sizes().slice(1)) < config.amount, 0);
    case Corruption::kCentre:
      return x.masked_fill(windows(x, config.amount, torch::full({x.size(0), 2}, 0.5, x.options())),
                           middle_of(extremes));
    case Corruption::kBlock:
      return x.masked_fill(windows(x, config.amount, uniform({2})), middle_of(extremes));
  }
  return x;
}

}  // namespace

void CorruptionConfig::check(const Problems::Scope& scope) const {
  const bool share = kind != Corruption::kNone && kind != Corruption::kGaussian;
  if (share && amount > 1)
    scope.add("amount", std::string("expected a share in [0, 1] with kind = \"") +
                            name_of_enum(kind) + "\", got " + shortest(amount));
}

torch::Tensor corrupt(const CorruptionConfig& config, const torch::Tensor& x,
                      const Extremes& extremes) {
  return corrupt_with(
      config, x, extremes, [&] { return torch::randn_like(x); },
      [&](at::IntArrayRef shape) {
        auto sizes = shape.vec();
        sizes.insert(sizes.begin(), x.size(0));
        return torch::rand(sizes, x.options());
      });
}

torch::Tensor corrupt(const CorruptionConfig& config, const torch::Tensor& x, Noise& noise,
                      const Extremes& extremes) {
  FIGMENT_CHECK(x.size(0) == noise.size());
  const auto shape = x.sizes().slice(1);
  return corrupt_with(
      config, x, extremes, [&] { return noise.normal(shape).to(x.scalar_type()); },
      [&](at::IntArrayRef of) { return noise.uniform(of).to(x.scalar_type()); });
}

torch::Tensor hide(const CorruptionConfig& config, const torch::Tensor& x,
                   const torch::Tensor& known, const Extremes& extremes) {
  if (!config.hides())
    fail(Cause::kConfig, "complete",
         "expected a model trained to fill in what is hidden (model.corruption.kind = \"centre\", "
         "\"block\" or \"masking\"), got one with kind = \"",
         name_of_enum(config.kind), "\"");
  return x.masked_fill(known < 0.5, config.kind == Corruption::kMasking ? 0 : middle_of(extremes));
}

}  // namespace figment
