// Parzen windows by |x - c|^2 = |x|^2 - 2 x.c + |c|^2, one product of matrices for a piece of x.
#include "figment/eval/parzen.h"

#include <algorithm>
#include <cmath>

#include "figment/core/error.h"

namespace figment {
namespace {

constexpr int64_t kPieceBytes = int64_t{1} << 26;  // of distances at a time
constexpr int kSigmas = 10;
constexpr double kTwoPi = 2 * 3.14159265358979323846;

}  // namespace

torch::Tensor parzen_log_density(const torch::Tensor& centres, const torch::Tensor& x,
                                 const std::vector<double>& sigmas) {
  torch::NoGradGuard no_grad;
  FIGMENT_CHECK(centres.dim() == 2 && centres.size(0) > 0 && x.dim() == 2);
  FIGMENT_CHECK(centres.size(1) == x.size(1));
  // The three terms cancel where all lie far from zero: centred they do least.
  const auto middle = centres.mean(0, true);
  const auto c = centres - middle;
  const auto c_squares = c.square().sum(1).unsqueeze(0);  // [1, m]
  const auto m = static_cast<double>(c.size(0)), d = static_cast<double>(c.size(1));
  const auto piece = std::max<int64_t>(1, kPieceBytes / (c.size(0) * 4));
  auto out = torch::empty({static_cast<int64_t>(sigmas.size()), x.size(0)}, torch::kDouble);
  for (int64_t first = 0; first < x.size(0); first += piece) {
    const auto n = std::min(piece, x.size(0) - first);
    const auto q = x.narrow(0, first, n) - middle;
    auto squares = torch::addmm(c_squares, q, c.t(), 1, -2);
    squares.add_(q.square().sum(1, true)).clamp_min_(0);  // [n, m]
    for (std::size_t k = 0; k < sigmas.size(); ++k) {
      const double variance = sigmas[k] * sigmas[k];
      const auto sum = torch::logsumexp(squares * (-0.5 / variance), 1).to(torch::kDouble);
      out[static_cast<int64_t>(k)]
          .narrow(0, first, n)
          .copy_(sum - std::log(m) - 0.5 * d * std::log(kTwoPi * variance));
    }
  }
  return out;
}

std::vector<double> parzen_sigmas() {
  std::vector<double> out;
  out.reserve(kSigmas);
  for (int i = 0; i < kSigmas; ++i) out.push_back(std::pow(10, -1 + i / (kSigmas - 1.0)));
  return out;
}

Parzen fit_parzen(const torch::Tensor& centres, const torch::Tensor& held_out,
                  const torch::Tensor& x) {
  const auto sigmas = parzen_sigmas();
  const auto means = parzen_log_density(centres, held_out, sigmas).mean(1);
  const auto best = means.argmax().item<int64_t>();
  Parzen out;
  out.sigma = sigmas[static_cast<std::size_t>(best)];
  out.at_the_edge = best == 0 || best + 1 == kSigmas;
  const auto values = parzen_log_density(centres, x, {out.sigma})[0];
  out.mean = values.mean().item<double>();
  if (values.numel() > 1)
    out.standard_error =
        values.std().item<double>() / std::sqrt(static_cast<double>(values.numel()));
  return out;
}

}  // namespace figment
