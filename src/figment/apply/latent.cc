#include "figment/apply/latent.h"

#include <cmath>

#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/model/abilities.h"
#include "figment/model/draws_codes.h"
#include "figment/model/reconstructs_now.h"

namespace figment {
namespace {

// Draws that the quantiles of a prior are estimated by.
constexpr int64_t kPriorDraws = 20000;
constexpr std::uint64_t kPriorSeed = 1;

}  // namespace

torch::Tensor unit_grid(int64_t side) {
  const auto u = (torch::arange(side, torch::kDouble) + 0.5) / static_cast<double>(side);
  return torch::stack({u.repeat({side}), u.flip(0).repeat_interleave(side)}, 1);
}

torch::Tensor through_quantiles(const torch::Tensor& unit, const torch::Tensor& values) {
  const auto u = unit.to(torch::kDouble);
  if (!values.defined())
    return std::sqrt(2.0) * torch::erfinv(2 * u - 1);  // the normal quantile function
  FIGMENT_CHECK(values.dim() == 2 && values.size(1) == 2);
  const auto of = [&](int64_t column) {
    return torch::quantile(values.select(1, column).to(torch::kDouble).contiguous(),
                           u.select(1, column).contiguous());
  };
  return torch::stack({of(0), of(1)}, 1);
}

torch::Tensor manifold_codes(int64_t side, const torch::Tensor& codes) {
  return through_quantiles(unit_grid(side), codes).to(torch::kFloat);
}

Shares shares_of(Model& model) {
  const auto* prior = dynamic_cast<DrawsPrior*>(&model);
  if (prior != nullptr && !prior->prior_is_standard_normal()) return Shares::kPrior;
  return dynamic_cast<Samples*>(&model) != nullptr ? Shares::kNormal : Shares::kExamples;
}

torch::Tensor draws_of_prior(Model& model) {
  torch::NoGradGuard no_grad;
  auto* prior = dynamic_cast<DrawsPrior*>(&model);
  FIGMENT_CHECK(prior != nullptr);
  Noise noise(kPriorSeed, 0, kPriorDraws, model.device());
  return prior->draw_prior(noise).z.to(torch::kCPU, torch::kFloat);
}

bool has_manifold(Model& model) {
  // Of a conditional model there is a manifold for each condition.
  if (dynamic_cast<Conditions*>(&model) != nullptr) return false;
  const auto* encodes = dynamic_cast<Encodes*>(&model);
  return encodes != nullptr && encodes->code_dim() == 2 && decodes_of(model) != nullptr;
}

torch::Tensor manifold(Model& model, const Scaling& scaling, const Dataset& set, int64_t side) {
  FIGMENT_CHECK(has_manifold(model));
  torch::NoGradGuard no_grad;
  torch::Tensor spread;  // none: standard normal
  const auto shares = shares_of(model);
  if (shares == Shares::kPrior) spread = draws_of_prior(model);
  if (shares == Shares::kExamples) spread = encode(model, scaling, set.first(2000));
  const auto codes = manifold_codes(side, spread);
  auto* able = decodes_of(model);
  return able->decode(codes.to(model.device())).to(torch::kCPU);
}

torch::Tensor map_to_plane(const torch::Tensor& codes) {
  if (codes.size(1) == 2) return codes;
  if (codes.size(1) == 1) return torch::cat({codes, torch::zeros_like(codes)}, 1);
  const auto centred = (codes - codes.mean(0, true)).to(torch::kDouble);
  // X = U S V': X V of the two largest are of X'X or, where that is smaller, U S of XX'.
  const bool wide = centred.size(1) > centred.size(0);
  const auto [squares, axes] =
      torch::linalg_eigh(wide ? centred.mm(centred.t()) : centred.t().mm(centred));
  const auto last = axes.size(1) - 1;
  const auto main = torch::stack({axes.select(1, last), axes.select(1, last - 1)}, 1);
  if (!wide) return centred.mm(main).to(torch::kFloat);
  const auto lengths = torch::stack({squares[last], squares[last - 1]}).clamp_min(0).sqrt();
  return (main * lengths).to(torch::kFloat);
}

}  // namespace figment
