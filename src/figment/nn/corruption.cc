// Corruption processes q(damaged | clean), element by element.
#include "figment/nn/corruption.h"

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

// `normal` and `uniform` draw a tensor like x.
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
      const auto u = uniform();
      const auto half = config.amount / 2;
      return x.masked_fill(u < half, extremes.low).masked_fill(u >= 1 - half, extremes.high);
    }
    case Corruption::kMasking:
      return x.masked_fill(uniform() < config.amount, 0);
  }
  return x;
}

}  // namespace

void CorruptionConfig::check(const Problems::Scope& scope) const {
  const bool share = kind == Corruption::kSaltAndPepper || kind == Corruption::kMasking;
  if (share && amount > 1)
    scope.add("amount", std::string("expected a share in [0, 1] with kind = \"") +
                            name_of_enum(kind) + "\", got " + shortest(amount));
}

torch::Tensor corrupt(const CorruptionConfig& config, const torch::Tensor& x,
                      const Extremes& extremes) {
  return corrupt_with(
      config, x, extremes, [&] { return torch::randn_like(x); },
      [&] { return torch::rand_like(x); });
}

torch::Tensor corrupt(const CorruptionConfig& config, const torch::Tensor& x, Noise& noise,
                      const Extremes& extremes) {
  FIGMENT_CHECK(x.size(0) == noise.size());
  const auto shape = x.sizes().slice(1);
  return corrupt_with(
      config, x, extremes, [&] { return noise.normal(shape).to(x.scalar_type()); },
      [&] { return noise.uniform(shape).to(x.scalar_type()); });
}

}  // namespace figment
