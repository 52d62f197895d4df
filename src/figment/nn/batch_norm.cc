#include "figment/nn/batch_norm.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/batch_norm.h"
#include "figment/nn/curve.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Fewer places than this are walked in steps too short for a kernel of planes.
constexpr int64_t kFewPlaces = 8;

BatchNormShape shape_of(const Tensor& x, int64_t curve) {
  return {x.size(0), x.size(1), x.size(2) * x.size(3), static_cast<Curve>(curve)};
}

// Calls work(first, last) for groups of channels, in parallel. Which they are does not depend on
// the threads.
template <class F>
void over_channels(const BatchNormShape& shape, F&& work) {
  const auto width = batch_norm_channels(shape);
  at::parallel_for(0, (shape.channels + width - 1) / width, 1, [&](int64_t begin, int64_t end) {
    for (auto group = begin; group < end; ++group)
      work(group * width, std::min(shape.channels, (group + 1) * width));
  });
}

class BatchNorm : public torch::autograd::Function<BatchNorm> {
 public:
  // all contiguous
  static variable_list forward(AutogradContext* context, const Variable& x, const Variable& gamma,
                               const Variable& beta, double epsilon, int64_t curve) {
    const auto y = torch::empty_like(x), mean = torch::empty_like(gamma);
    const auto variance = torch::empty_like(gamma);
    const auto shape = shape_of(x, curve);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "batch_norm", [&] {
      over_channels(shape, [&](int64_t first, int64_t last) {
        batch_norm_forward(x.data_ptr<scalar_t>(), gamma.data_ptr<scalar_t>(),
                           beta.data_ptr<scalar_t>(), epsilon, shape, first, last,
                           y.data_ptr<scalar_t>(), mean.data_ptr<scalar_t>(),
                           variance.data_ptr<scalar_t>());
      });
    });
    context->save_for_backward({x, gamma, beta, mean, variance});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["curve"] = curve;
    context->mark_non_differentiable({mean, variance});
    return {y, mean, variance};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &gamma = saved[1], &beta = saved[2], &mean = saved[3],
               &variance = saved[4];
    const auto epsilon = context->saved_data["epsilon"].toDouble();
    const auto curve = context->saved_data["curve"].toInt();
    if (torch::GradMode::is_enabled()) {
      const auto again =
          differentiable(context, gradients[0], x, gamma, beta, epsilon, static_cast<Curve>(curve));
      return {again[0], again[1], again[2], Tensor(), Tensor()};
    }
    const auto of_y = gradients[0].contiguous();
    const auto of_x = torch::empty_like(x), of_gamma = torch::empty_like(gamma);
    const auto of_beta = torch::empty_like(beta);
    const auto shape = shape_of(x, curve);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "batch_norm", [&] {
      over_channels(shape, [&](int64_t first, int64_t last) {
        batch_norm_backward(of_y.data_ptr<scalar_t>(), x.data_ptr<scalar_t>(),
                            gamma.data_ptr<scalar_t>(), beta.data_ptr<scalar_t>(),
                            mean.data_ptr<scalar_t>(), variance.data_ptr<scalar_t>(), epsilon,
                            shape, first, last, of_x.data_ptr<scalar_t>(),
                            of_gamma.data_ptr<scalar_t>(), of_beta.data_ptr<scalar_t>());
      });
    });
    return {of_x, of_gamma, of_beta, Tensor(), Tensor()};
  }

 private:
  // The gradients by LibTorch's operators, where the graph goes on being recorded.
  static variable_list differentiable(AutogradContext* context, const Tensor& of_y, const Tensor& x,
                                      const Tensor& gamma, const Tensor& beta, double epsilon,
                                      Curve curve) {
    const std::vector<int64_t> others = {0, 2, 3};
    const auto per_channel = [](const Tensor& t) { return t.view({1, -1, 1, 1}); };
    const auto off = x - x.mean(others, true);
    const auto scale = (off.square().mean(others, true) + epsilon).rsqrt();
    const auto normal = off * scale;
    const auto z = normal * per_channel(gamma) + per_channel(beta);
    const auto of_z = curve_back(curve, of_y, slope_from_output(curve) ? curve_value(curve, z) : z);
    const auto of_beta = of_z.sum(others), of_gamma = (of_z * normal).sum(others);
    Tensor of_x;
    if (context->needs_input_grad(0)) {
      const auto mean = of_z.mean(others, true), along = (of_z * normal).mean(others, true);
      of_x = per_channel(gamma) * scale * (of_z - mean - normal * along);
    }
    return {of_x, of_gamma, of_beta};
  }
};

}  // namespace

BatchNormed batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                       std::optional<Activation> activation) {
  FIGMENT_CHECK(x.dim() == 4 && x.numel() > 0);
  const auto curve = curve_of(activation);
  const auto out = BatchNorm::apply(x.contiguous(), gamma.contiguous(), beta.contiguous(), epsilon,
                                    static_cast<int64_t>(curve.value_or(Curve::kNone)));
  return {curve ? out[0] : activate(*activation, out[0]), out[1], out[2]};
}

bool batch_norm_takes(const Tensor& x, std::optional<Activation> activation) {
  return fast_paths() && x.device().is_cpu() && x.dim() == 4 && x.numel() > 0 &&
         x.size(2) * x.size(3) >= kFewPlaces && x.is_contiguous() &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble) &&
         curve_of(activation).has_value();
}

}  // namespace figment
