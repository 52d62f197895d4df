#include "figment/nn/patches.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include "figment/core/error.h"
#include "figment/kernels/patches.h"
#include "figment/nn/precision.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

Tensor gathered(const Tensor& x) {
  const auto from = x.contiguous();
  const PatchShape shape{x.size(1), x.size(2), x.size(3)};
  const auto places = shape.height * shape.width;
  auto rows = torch::zeros({x.size(0) * places, 9 * shape.channels}, x.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "patches", [&] {
    const auto* a = from.data_ptr<scalar_t>();
    auto* b = rows.data_ptr<scalar_t>();
    at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
      for (auto i = begin; i < end; ++i)
        gather_patches(a + i * shape.channels * places, shape, b + i * places * 9 * shape.channels);
    });
  });
  return rows;
}

Tensor scattered(const Tensor& rows, int64_t n, const PatchShape& shape) {
  const auto from = rows.contiguous();
  const auto places = shape.height * shape.width;
  auto x = torch::zeros({n, shape.channels, shape.height, shape.width}, rows.options());
  AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "patches", [&] {
    const auto* a = from.data_ptr<scalar_t>();
    auto* b = x.data_ptr<scalar_t>();
    at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
      for (auto i = begin; i < end; ++i)
        scatter_patches(a + i * places * 9 * shape.channels, shape,
                        b + i * shape.channels * places);
    });
  });
  return x;
}

// Each is the other's derivative.
class Gather : public torch::autograd::Function<Gather> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x) {
    context->saved_data["sizes"] = x.sizes().vec();
    return gathered(x);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());
    const auto sizes = context->saved_data["sizes"].toIntVector();
    return {scattered(gradients[0], sizes[0], {sizes[1], sizes[2], sizes[3]})};
  }
};

class Scatter : public torch::autograd::Function<Scatter> {
 public:
  static Variable forward(AutogradContext*, const Variable& rows, int64_t n, int64_t channels,
                          int64_t height, int64_t width) {
    return scattered(rows, n, {channels, height, width});
  }
  static variable_list backward(AutogradContext*, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());
    return {gathered(gradients[0]), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor patches(const Tensor& x) {
  FIGMENT_CHECK(x.dim() == 4 && x.device().is_cpu());
  return Gather::apply(in_full(x));
}

Tensor from_patches(const Tensor& rows, int64_t n, int64_t channels, int64_t height,
                    int64_t width) {
  FIGMENT_CHECK(rows.device().is_cpu() && rows.size(0) == n * height * width &&
                rows.size(1) == 9 * channels);
  return Scatter::apply(in_full(rows), n, channels, height, width);
}

Tensor spreading_weight(const Tensor& weight) {
  // A pixel adds to its neighbour below what that takes from the pixel above it: taps are mirrored.
  return weight.flip({2, 3}).permute({0, 2, 3, 1}).reshape({9 * weight.size(0), weight.size(1)});
}

}  // namespace figment
