#include "figment/eval/prdc.h"

#include <algorithm>

#include "figment/core/error.h"
#include "figment/eval/nearest.h"

namespace figment {
namespace {

constexpr int64_t kPieceBytes = int64_t{1} << 26;   // of distances at a time
constexpr int64_t kPairNumbers = int64_t{1} << 20;  // of either side of pairs

// [p] double: squared distances of the rows i [p] of a to the rows j [p] of b, exactly alike
// whatever surrounds them; a few pairs at a time, of which there may be n times m.
torch::Tensor exact_squares(const torch::Tensor& a, const torch::Tensor& i, const torch::Tensor& b,
                            const torch::Tensor& j) {
  const auto pairs = std::max<int64_t>(1, kPairNumbers / a.size(1));
  const auto out = torch::empty({i.size(0)}, torch::kDouble);
  for (int64_t first = 0; first < i.size(0); first += pairs) {
    const auto p = std::min(pairs, i.size(0) - first);
    const auto rows = [&](const torch::Tensor& of, const torch::Tensor& which) {
      return of.index_select(0, which.narrow(0, first, p)).to(torch::kDouble);
    };
    out.narrow(0, first, p).copy_((rows(a, i) - rows(b, j)).square_().sum(1));
  }
  return out;
}

// [n] double: the squared distance of each example to its k-th nearest other one. Float32 may take
// one for another that is as far but for rounding: a few more than k are measured exactly.
torch::Tensor squared_radii(const torch::Tensor& x, int64_t k) {
  const auto candidates = std::min(k + 8, x.size(0) - 1);
  const auto index = nearest(x, x, candidates, /*exclude_self=*/true).index;
  const auto all = torch::arange(x.size(0), torch::kLong);
  std::vector<torch::Tensor> squares;
  for (int64_t i = 0; i < candidates; ++i)
    squares.push_back(exact_squares(x, all, x, index.select(1, i)));
  return std::get<0>(torch::stack(squares, 1).kthvalue(k, 1));
}

// Which of `squares` [p, n] float32 lie below `limits` [p, n] (as they broadcast), those too near
// to it to tell being measured again.
torch::Tensor below(const torch::Tensor& squares, const torch::Tensor& limits,
                    const torch::Tensor& margin, const torch::Tensor& a, const torch::Tensor& b) {
  const auto apart = squares - limits.to(torch::kFloat);
  auto out = apart < 0;
  const auto unclear = (apart.abs() <= margin).nonzero();  // [u, 2]
  if (unclear.size(0) == 0) return out;
  const auto row = unclear.select(1, 0), column = unclear.select(1, 1);
  const auto exact = exact_squares(a, row, b, column);
  const auto limit = limits.expand(squares.sizes()).index({row, column});
  out.index_put_({row, column}, exact < limit);
  return out;
}

}  // namespace

Prdc prdc(const torch::Tensor& real, const torch::Tensor& samples, int64_t k) {
  torch::NoGradGuard no_grad;
  const auto n = real.size(0), m = samples.size(0);
  FIGMENT_CHECK(k >= 1 && n > k && m > k && real.size(1) == samples.size(1));
  // About the mean, |a|^2 - 2 a.b + |b|^2 cancels least.
  const auto centre = real.mean(0, true);
  const auto x = real - centre, y = samples - centre;
  const auto x_radii = squared_radii(x, k), y_radii = squared_radii(y, k);
  const auto x_squares = x.square().sum(1);
  Prdc out{torch::zeros({m}, torch::kDouble), torch::zeros({n}, torch::kDouble),
           torch::zeros({m}, torch::kDouble), torch::zeros({n}, torch::kDouble)};
  const auto piece = std::max<int64_t>(1, kPieceBytes / (n * 4));
  for (int64_t first = 0; first < m; first += piece) {
    const auto rows = std::min(piece, m - first);
    const auto part = y.narrow(0, first, rows);
    const auto norms = part.square().sum(1).unsqueeze(1) + x_squares.unsqueeze(0);  // [rows, n]
    const auto squares = torch::addmm(norms, part, x.t(), 1, -2);
    const auto margin = norms * 1e-5;  // many times what the products can be off by
    const auto in_real = below(squares, x_radii.unsqueeze(0), margin, part, x);
    const auto in_sample =
        below(squares, y_radii.narrow(0, first, rows).unsqueeze(1), margin, part, x);
    const auto balls = in_real.sum(1);
    out.precise.narrow(0, first, rows).copy_(balls > 0);
    out.dense.narrow(0, first, rows).copy_(balls.to(torch::kDouble) / static_cast<double>(k));
    out.covered = torch::maximum(out.covered, in_real.any(0).to(torch::kDouble));
    out.recalled = torch::maximum(out.recalled, in_sample.any(0).to(torch::kDouble));
  }
  return out;
}

}  // namespace figment
