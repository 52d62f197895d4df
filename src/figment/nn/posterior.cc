#include "figment/nn/posterior.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/posterior.h"
#include "figment/nn/distributions.h"
#include "figment/nn/precision.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Calls work(rows) for pieces of the examples, in parallel.
template <class F>
void over_examples(const Tensor& epsilon, F&& work) {
  const auto k = epsilon.size(0), n = epsilon.size(1), units = epsilon.size(2);
  const auto grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, k * units));
  at::parallel_for(0, n, grain, [&](int64_t begin, int64_t end) {
    work(PosteriorRows{begin, end, n, k, units});
  });
}

class Draw : public torch::autograd::Function<Draw> {
 public:
  // parts [n, 2 * units], epsilon [k, n, units], both contiguous -> {z, kl}
  static variable_list forward(AutogradContext* context, const Variable& parts,
                               const Variable& epsilon) {
    const auto z = torch::empty_like(epsilon);
    const auto kl = torch::empty({parts.size(0)}, parts.options());
    AT_DISPATCH_FLOATING_TYPES(parts.scalar_type(), "posterior_draw", [&] {
      const auto *p = parts.data_ptr<scalar_t>(), *e = epsilon.data_ptr<scalar_t>();
      auto *to_z = z.data_ptr<scalar_t>(), *to_kl = kl.data_ptr<scalar_t>();
      over_examples(epsilon,
                    [&](const PosteriorRows& rows) { posterior_draw(p, e, to_z, to_kl, rows); });
    });
    context->save_for_backward({parts, epsilon});
    return {z, kl};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());  // there is no second derivative
    const auto saved = context->get_saved_variables();
    const auto &parts = saved[0], &epsilon = saved[1];
    const auto of_z = gradients[0].contiguous(), of_kl = gradients[1].contiguous();
    const auto of_parts = torch::empty_like(parts);
    AT_DISPATCH_FLOATING_TYPES(parts.scalar_type(), "posterior_draw", [&] {
      const auto *p = parts.data_ptr<scalar_t>(), *e = epsilon.data_ptr<scalar_t>();
      const auto *z = of_z.data_ptr<scalar_t>(), *kl = of_kl.data_ptr<scalar_t>();
      auto* out = of_parts.data_ptr<scalar_t>();
      over_examples(epsilon, [&](const PosteriorRows& rows) {
        posterior_draw_backward(p, e, z, kl, out, rows);
      });
    });
    return {of_parts, Tensor()};
  }
};

bool takes(const Tensor& parts, const Tensor& epsilon) {
  return fast_paths() && parts.device().is_cpu() && epsilon.numel() > 0 &&
         (parts.scalar_type() == torch::kFloat || parts.scalar_type() == torch::kDouble) &&
         epsilon.scalar_type() == parts.scalar_type() && !epsilon.requires_grad();
}

}  // namespace

PosteriorDraw posterior_draw(const Tensor& given, const Tensor& epsilon) {
  const auto parts = in_full(given);
  FIGMENT_CHECK(parts.dim() == 2 && epsilon.dim() == 3 && parts.size(0) == epsilon.size(1) &&
                parts.size(1) == 2 * epsilon.size(2));
  if (takes(parts, epsilon)) {
    const auto out = Draw::apply(parts.contiguous(), epsilon.contiguous());
    return {out[0], out[1]};
  }
  const auto halves = parts.chunk(2, 1);
  return {reparametrize(halves[0], halves[1], epsilon), kl_standard_normal(halves[0], halves[1])};
}

}  // namespace figment
