// Transposed convolution by way of convolution's gradient.
#include "figment/nn/conv_transpose.h"

#include <torch/version.h>

#include <array>
#include <vector>

#include "figment/core/fast_paths.h"
#include "figment/nn/precision.h"
#include "figment/nn/winograd.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// y = C'x, where C is the convolution with `weight`; so dL/dx = C dL/dy, and dL/dweight is that of
// the convolution C dL/dy under the gradient x.
class Transposed : public torch::autograd::Function<Transposed> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight,
                          int64_t stride, int64_t padding, std::vector<int64_t> size) {
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    const auto like = torch::empty({x.size(0), weight.size(1), size[0], size[1]}, x.options());
    return gradient(x, like, weight, stride, padding, {true, false, false}, 0);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const auto stride = context->saved_data["stride"].toInt();
    const auto padding = context->saved_data["padding"].toInt();
    Tensor of_x, of_weight;
    if (x.requires_grad()) of_x = torch::conv2d(gradients[0], weight, {}, stride, padding);
    if (weight.requires_grad())
      of_weight = gradient(x, gradients[0], weight, stride, padding, {false, true, false}, 1);
    return {of_x, of_weight, {}, {}, {}};
  }

 private:
  // Of the convolution input * weight, given that of its output: part 0 with respect to the input,
  // 1 to the weight.
  static Tensor gradient(const Tensor& of_output, const Tensor& input, const Tensor& weight,
                         int64_t stride, int64_t padding, std::array<bool, 3> wanted, int part) {
    const std::vector<int64_t> strides = {stride, stride}, paddings = {padding, padding};
    const std::vector<int64_t> ones = {1, 1}, zeros = {0, 0};
    const auto all =
        at::convolution_backward(of_output, input, weight, at::OptionalIntArrayRef(), strides,
                                 paddings, ones, /*transposed=*/false, zeros, /*groups=*/1, wanted);
    return part == 0 ? std::get<0>(all) : std::get<1>(all);
  }
};

// Whether the detour is the faster way. With few output channels it is the slower one, since oneDNN
// computes them in blocks of 16.
bool detour_pays(const Tensor& x, const Tensor& weight) {
#if TORCH_VERSION_MAJOR >= 2
  (void)x;
  (void)weight;
  return false;
#else
  return fast_paths() && x.device().is_cpu() &&
         (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16) &&
         x.numel() > 0 && weight.size(1) >= 16;
#endif
}

}  // namespace

torch::Tensor conv_transpose2d(const torch::Tensor& input, const torch::Tensor& full_weight,
                               const torch::Tensor& bias, int64_t stride, int64_t padding,
                               at::IntArrayRef output_padding) {
  // A convolution's gradient is lowered by nobody: it has the type of what it is given.
  const bool lowers = lowers_precision(input.device()) && input.scalar_type() != torch::kDouble;
  const auto x = lowers ? input.to(torch::kBFloat16) : input;
  const auto weight = lowers ? full_weight.to(torch::kBFloat16) : full_weight;
  const auto size_of = [&](int64_t k) {
    return (x.size(k + 2) - 1) * stride - 2 * padding + weight.size(k + 2) +
           output_padding[static_cast<std::size_t>(k)];
  };
  const std::vector<int64_t> size = {x.size(0), weight.size(1), size_of(0), size_of(1)};
  const auto with_bias = [&](const Tensor& y) {
    return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
  };
  if (winograd_takes(x, weight, size, {stride, padding}))
    return with_bias(winograd_transposed(x, weight, size[2], size[3], {stride, padding}));
  if (!detour_pays(x, weight))
    return torch::conv_transpose2d(x, weight, bias, stride, padding, output_padding);
  return with_bias(
      Transposed::apply(x, weight, stride, padding, std::vector<int64_t>{size[2], size[3]}));
}

}  // namespace figment
