// Bernoulli log-likelihoods as one operator of autograd.
#include "figment/nn/bernoulli.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/bernoulli.h"
#include "figment/nn/precision.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Calls work(rows) for pieces of the rows of `logits` [k * n, width], in parallel.
template <class F>
void over_rows(const Tensor& logits, const Tensor& x, F&& work) {
  const auto width = logits.size(1);
  const auto grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width));
  at::parallel_for(0, logits.size(0), grain, [&](int64_t begin, int64_t end) {
    work(BernoulliRows{begin, end, x.size(0), width});
  });
}

class LogProbs : public torch::autograd::Function<LogProbs> {
 public:
  // logits [k * n, width], x [n, width], both contiguous -> [k * n]
  static Variable forward(AutogradContext* context, const Variable& logits, const Variable& x) {
    const auto out = torch::empty({logits.size(0)}, logits.options());
    AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "bernoulli_log_probs", [&] {
      const auto *l = logits.data_ptr<scalar_t>(), *p = x.data_ptr<scalar_t>();
      auto* sums = out.data_ptr<scalar_t>();
      over_rows(logits, x,
                [&](const BernoulliRows& rows) { bernoulli_log_prob(l, p, sums, rows); });
    });
    context->save_for_backward({logits, x});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());  // there is no second derivative
    const auto saved = context->get_saved_variables();
    const auto &logits = saved[0], &x = saved[1];
    const auto given = gradients[0].contiguous();
    const auto of_logits = torch::empty_like(logits);
    AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "bernoulli_log_probs", [&] {
      const auto *l = logits.data_ptr<scalar_t>(), *p = x.data_ptr<scalar_t>();
      const auto* g = given.data_ptr<scalar_t>();
      auto* out = of_logits.data_ptr<scalar_t>();
      over_rows(logits, x, [&](const BernoulliRows& rows) {
        bernoulli_log_prob_backward(l, p, g, out, rows);
      });
    });
    return {of_logits, Tensor()};
  }
};

bool takes(const torch::Tensor& logits) {
  return fast_paths() && logits.device().is_cpu() && logits.numel() > 0 &&
         (logits.scalar_type() == torch::kFloat || logits.scalar_type() == torch::kDouble);
}

}  // namespace

torch::Tensor bernoulli_log_prob(const torch::Tensor& given, const torch::Tensor& x) {
  const auto logits = in_full(given);
  FIGMENT_CHECK(logits.sizes() == x.sizes());
  if (takes(logits) && !x.requires_grad()) return bernoulli_log_probs(logits, x).squeeze(0);
  const auto each = torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::None);
  return -each.flatten(1).sum(1);
}

torch::Tensor bernoulli_log_probs(const torch::Tensor& given, const torch::Tensor& x) {
  const auto logits = in_full(given);
  const auto n = x.size(0), k = logits.size(0) / n;
  FIGMENT_CHECK(logits.size(0) == k * n && logits.numel() == k * x.numel());
  const auto rows = logits.flatten(1), examples = x.detach().to(logits.scalar_type()).flatten(1);
  if (takes(logits)) return LogProbs::apply(rows.contiguous(), examples.contiguous()).view({k, n});
  return bernoulli_log_prob(rows, examples.repeat({k, 1})).view({k, n});
}

}  // namespace figment
