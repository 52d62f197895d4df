#include "figment/nn/linear.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/linear.h"
#include "figment/nn/curve.h"
#include "figment/nn/precision.h"
#include "figment/nn/product.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Multiplications below which a product is not worth a second thread, and the fewest rows or
// columns of a share: those of a kernel of the BLAS.
constexpr int64_t kFewProducts = 1 << 18;
constexpr int64_t kFewLines = 32;

// Rows of a weight from which on they can be shared out evenly.
constexpr int64_t kManyRows = 128;

// Shares of [0, size), as many as threads can take.
struct Shares {
  int64_t size, each, count;

  Shares(int64_t size_in, int64_t work) : size(size_in), each(size_in), count(1) {
    const int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
    if (threads == 1 || work < kFewProducts) return;
    each = std::max(kFewLines, (size + threads - 1) / threads);
    each = (each + 15) / 16 * 16;
    count = std::max<int64_t>(1, (size + each - 1) / each);
  }
  int64_t begin(int64_t i) const { return i * each; }
  int64_t length(int64_t i) const { return std::min(each, size - begin(i)); }
};

enum class Side { kRows, kColumns };

// That of a result whose sharing leaves the smaller factor to be read in full by every thread.
Side longer_side(const Tensor& out) {
  return out.size(0) >= out.size(1) ? Side::kRows : Side::kColumns;
}

// A product in shares of the rows or columns of its result.
class SharedProduct {
 public:
  SharedProduct(Tensor out, Tensor left, Tensor right, Side side)
      : product_(std::move(out), std::move(left), std::move(right)),
        by_rows_(side == Side::kRows),
        shares_(result().size(by_rows_ ? 0 : 1), result().numel() * product_.inner()) {}

  int64_t shares() const { return shares_.count; }

  void compute(int64_t i) const {
    if (by_rows_)
      product_.compute_rows(shares_.begin(i), shares_.length(i));
    else
      product_.compute_columns(shares_.begin(i), shares_.length(i));
  }

  // Where share i begins, in elements, and its extent.
  int64_t row(int64_t i) const { return by_rows_ ? shares_.begin(i) : 0; }
  int64_t column(int64_t i) const { return by_rows_ ? 0 : shares_.begin(i); }
  Block block(int64_t i) const {
    return {by_rows_ ? shares_.length(i) : result().size(0),
            by_rows_ ? result().size(1) : shares_.length(i), result().size(1)};
  }

 private:
  const Tensor& result() const { return product_.out(); }

  Product product_;
  bool by_rows_;
  Shares shares_;
};

// Calls work(i) for i in [0, n), in parallel.
template <class F>
void each(int64_t n, F&& work) {
  at::parallel_for(0, n, 1, [&](int64_t from, int64_t to) {
    const torch::NoGradGuard no_grad;  // each thread has a mode of its own
    for (auto i = from; i < to; ++i) work(i);
  });
}

template <class T>
T* data_of(const Tensor& t) {
  return t.defined() ? t.data_ptr<T>() : nullptr;
}
template <class T>
T* moved(T* pointer, int64_t by) {
  return pointer == nullptr ? nullptr : pointer + by;
}

class ActivatedLinear : public torch::autograd::Function<ActivatedLinear> {
 public:
  // all contiguous
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight,
                          const c10::optional<Tensor>& given_bias, int64_t curve_index) {
    const auto bias = given_bias.value_or(Tensor());
    const auto curve = static_cast<Curve>(curve_index);
    const auto z = torch::empty({x.size(0), weight.size(0)}, x.options());
    const auto y = slope_from_output(curve) ? z : torch::empty_like(z);
    const SharedProduct product(z, x, weight.t(), longer_side(z));
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "activated_linear", [&] {
      auto *of_z = z.data_ptr<scalar_t>(), *of_y = y.data_ptr<scalar_t>();
      const auto* of_bias = data_of<scalar_t>(bias);
      each(product.shares(), [&](int64_t i) {
        product.compute(i);
        const auto row = product.row(i), column = product.column(i);
        const auto first = row * z.size(1) + column;
        bias_curve(curve, moved(of_bias, column), of_z + first, of_y + first, product.block(i));
      });
    });
    context->save_for_backward({x, weight, bias, y, slope_from_output(curve) ? Tensor() : z});
    context->saved_data["curve"] = curve_index;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &bias = saved[2], &y = saved[3];
    const auto curve = static_cast<Curve>(context->saved_data["curve"].toInt());
    const bool wants_x = context->needs_input_grad(0), wants_weight = context->needs_input_grad(1);
    const bool wants_bias = bias.defined() && context->needs_input_grad(2);
    Tensor of_x, of_weight, of_bias;
    if (torch::GradMode::is_enabled()) {
      const auto kept = slope_from_output(curve) ? y : torch::linear(x, weight, bias);
      const auto of_z = curve_back(curve, gradients[0], kept);
      if (wants_x) of_x = of_z.mm(weight);
      if (wants_weight) of_weight = of_z.t().mm(x);
      if (wants_bias) of_bias = of_z.sum(0);
      return {of_x, of_weight, of_bias, Tensor()};
    }
    const auto of_y = gradients[0].contiguous();
    if (wants_bias) of_bias = torch::empty_like(bias);
    const auto of_z = bent(curve, of_y, saved[4].defined() ? saved[4] : y, of_bias);
    std::vector<SharedProduct> products;
    if (wants_weight) {
      of_weight = torch::empty_like(weight);
      // By rows, as the optimizer goes through it: each thread meets its own share again.
      const auto side = weight.size(0) >= kManyRows ? Side::kRows : longer_side(weight);
      products.emplace_back(of_weight, of_z.t(), x, side);
    }
    if (wants_x) {
      of_x = torch::empty_like(x);
      products.emplace_back(of_x, of_z, weight, longer_side(of_x));
    }
    // In turn, so that each thread has its share of both.
    std::vector<std::pair<const SharedProduct*, int64_t>> tasks;
    int64_t most = 0;
    for (const auto& product : products) most = std::max(most, product.shares());
    for (int64_t i = 0; i < most; ++i)
      for (const auto& product : products)
        if (i < product.shares()) tasks.emplace_back(&product, i);
    each(static_cast<int64_t>(tasks.size()), [&](int64_t i) {
      const auto& [product, share] = tasks[static_cast<std::size_t>(i)];
      product->compute(share);
    });
    return {of_x, of_weight, of_bias, Tensor()};
  }

 private:
  // The gradient of z from that of y, and `of_bias` filled in where it is defined.
  static Tensor bent(Curve curve, const Tensor& of_y, const Tensor& kept, const Tensor& of_bias) {
    const bool same = curve == Curve::kNone;
    if (same && !of_bias.defined()) return of_y;
    const auto of_z = same ? of_y : torch::empty_like(of_y);
    const Shares shares(of_y.size(1), 16 * of_y.numel());
    AT_DISPATCH_FLOATING_TYPES(of_y.scalar_type(), "activated_linear", [&] {
      each(shares.count, [&](int64_t i) {
        const auto first = shares.begin(i);
        bias_curve_backward(curve, of_y.data_ptr<scalar_t>() + first,
                            kept.data_ptr<scalar_t>() + first,
                            same ? nullptr : of_z.data_ptr<scalar_t>() + first,
                            moved(data_of<scalar_t>(of_bias), first),
                            {of_y.size(0), shares.length(i), of_y.size(1)});
      });
    });
    return of_z;
  }
};

bool takes(const Tensor& x, const Tensor& weight) {
  return fast_paths() && x.device().is_cpu() && x.dim() == 2 && x.numel() > 0 &&
         !lowers_precision(x.device()) &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble) &&
         weight.scalar_type() == x.scalar_type();
}

}  // namespace

Tensor activated_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        std::optional<Activation> activation) {
  if (takes(x, weight)) {
    const auto curve = curve_of(activation);
    const auto y = ActivatedLinear::apply(
        x.contiguous(), weight.contiguous(),
        bias.defined() ? c10::optional<Tensor>(bias.contiguous()) : c10::nullopt,
        static_cast<int64_t>(curve.value_or(Curve::kNone)));
    return curve ? y : activate(*activation, y);
  }
  const auto z = torch::linear(x, weight, bias);
  return activation ? activate(*activation, z) : z;
}

Tensor activated_linear(const Tensor& x, const torch::nn::Linear& layer,
                        std::optional<Activation> activation) {
  return activated_linear(x, layer->weight, layer->bias, activation);
}

Tensor normalized_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                         Normalizer& norm, Activation activation) {
  if (norm->changes_nothing()) return activated_linear(x, weight, bias, activation);
  return norm->activated(activated_linear(x, weight, bias), activation);
}

}  // namespace figment
