#include "figment/data/padding.h"

#include <vector>

namespace figment {

torch::Tensor with_padding(const torch::Tensor& x, const torch::Tensor& length, double value) {
  if (!length.defined()) return x;
  const auto past = torch::arange(x.size(1), length.options()) >= length.unsqueeze(1);  // [n, T]
  std::vector<int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  shape[1] = x.size(1);
  return x.masked_fill(past.view(shape), value);
}

torch::Tensor to_model(const Scaling& scaling, const torch::Tensor& x,
                       const torch::Tensor& length) {
  return with_padding(scaling.to_model(x), length, 0);
}

torch::Tensor padded_for(const Scaling& scaling, const Dataset& set) {
  if (!set.length.defined()) return set.x;
  // Scaling moves all of a series by one number.
  return with_padding(set.x, set.length, scaling.shift()[0].item<double>());
}

torch::Tensor real_elements(const Dataset& set) {
  if (!set.length.defined()) return {};
  return with_padding(torch::ones_like(set.x), set.length, 0).flatten(1);
}

}  // namespace figment
