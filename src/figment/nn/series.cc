// Series of varying length in one padded tensor.
#include "figment/nn/series.h"

namespace figment {

torch::Tensor real_steps(const torch::Tensor& length, int64_t n, int64_t steps,
                         const torch::TensorOptions& like) {
  if (!length.defined()) return torch::ones({n, steps, 1}, like);
  const auto step = torch::arange(steps, length.options());
  return (step < length.unsqueeze(1)).unsqueeze(2).to(like.dtype());
}

torch::Tensor reversed_steps(const torch::Tensor& x, const torch::Tensor& length) {
  if (!length.defined()) return x.flip(1);
  const auto step = torch::arange(x.size(1), length.options());  // [T]
  const auto mirrored = length.unsqueeze(1) - 1 - step;          // [n, T], negative in the padding
  const auto from = torch::where(mirrored >= 0, mirrored, step);
  return x.gather(1, from.unsqueeze(2).expand_as(x));
}

torch::Tensor last_step(const torch::Tensor& x, const torch::Tensor& length) {
  if (!length.defined()) return x[x.size(0) - 1];
  const auto last = (length - 1).view({1, -1, 1}).expand({1, x.size(1), x.size(2)});
  return x.gather(0, last)[0];
}

}  // namespace figment
