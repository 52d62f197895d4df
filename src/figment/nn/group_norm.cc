#include "figment/nn/group_norm.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <vector>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/group_norm.h"
#include "figment/nn/precision.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

GroupNormShape shape_of(const Tensor& x, int64_t groups, bool silu) {
  return {x.size(2) * x.size(3), x.size(1), groups, silu};
}

class Normalized : public torch::autograd::Function<Normalized> {
 public:
  // x [n, C, H, W] in channels_last
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& gamma,
                          const Variable& beta, int64_t groups, double epsilon, bool silu) {
    const auto y = torch::empty_like(x);
    const auto mean = torch::empty({x.size(0), groups}, gamma.options());
    const auto scale = torch::empty_like(mean);
    const auto shape = shape_of(x, groups, silu);
    const auto size = shape.places * shape.channels;
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "group_norm", [&] {
      const auto *from = x.data_ptr<scalar_t>(), *a = gamma.data_ptr<scalar_t>(),
                 *b = beta.data_ptr<scalar_t>();
      auto *to = y.data_ptr<scalar_t>(), *m = mean.data_ptr<scalar_t>(),
           *s = scale.data_ptr<scalar_t>();
      at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
        for (auto i = begin; i < end; ++i)
          group_norm_forward(from + i * size, a, b, epsilon, shape, to + i * size, m + i * groups,
                             s + i * groups);
      });
    });
    context->save_for_backward({x, gamma, beta, mean, scale});
    context->saved_data["silu"] = silu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());  // there is no second derivative
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &gamma = saved[1], &beta = saved[2], &mean = saved[3],
               &scale = saved[4];
    const auto groups = mean.size(1);
    const auto given = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const auto shape = shape_of(x, groups, context->saved_data["silu"].toBool());
    const auto size = shape.places * shape.channels;
    const auto of_x = torch::empty_like(x);
    // A row for each example, summed afterwards: the same sum whatever the threads.
    const auto of_gamma = torch::empty({x.size(0), shape.channels}, gamma.options());
    const auto of_beta = torch::empty_like(of_gamma);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "group_norm", [&] {
      const auto *g = given.data_ptr<scalar_t>(), *from = x.data_ptr<scalar_t>(),
                 *a = gamma.data_ptr<scalar_t>(), *b = beta.data_ptr<scalar_t>(),
                 *m = mean.data_ptr<scalar_t>(), *s = scale.data_ptr<scalar_t>();
      auto *to = of_x.data_ptr<scalar_t>(), *to_gamma = of_gamma.data_ptr<scalar_t>(),
           *to_beta = of_beta.data_ptr<scalar_t>();
      at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
        for (auto i = begin; i < end; ++i)
          group_norm_backward(g + i * size, from + i * size, a, b, m + i * groups, s + i * groups,
                              shape, to + i * size, to_gamma + i * shape.channels,
                              to_beta + i * shape.channels);
      });
    });
    return {of_x, of_gamma.sum(0), of_beta.sum(0), Tensor(), Tensor(), Tensor()};
  }
};

bool takes(const Tensor& x, const torch::nn::GroupNorm& layer) {
  return fast_paths() && x.device().is_cpu() && x.dim() == 4 && x.numel() > 0 &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble) &&
         layer->weight.defined() && layer->weight.scalar_type() == x.scalar_type();
}

}  // namespace

Tensor group_norm(const Tensor& input, const torch::nn::GroupNorm& layer, bool silu) {
  const auto x = in_full(input);
  if (takes(x, layer))
    return Normalized::apply(x.contiguous(at::MemoryFormat::ChannelsLast), layer->weight,
                             layer->bias, layer->options.num_groups(), layer->options.eps(), silu);
  // Of itself: forward() is not const.
  const auto z = torch::group_norm(x, layer->options.num_groups(), layer->weight, layer->bias,
                                   layer->options.eps());
  return silu ? torch::silu(z) : z;
}

}  // namespace figment
