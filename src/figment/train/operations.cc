// By LibTorch's own hook for profilers, which sees every operator with its arguments.
#include "figment/train/operations.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>

namespace figment {
namespace {

std::atomic<std::int64_t> operations{0};
// Depth below an operator that was counted: what it calls to do its work must not count again.
thread_local int below = 0;

using Inputs = c10::ArrayRef<const c10::IValue>;

const torch::Tensor* tensor_at(Inputs inputs, std::size_t i) {
  if (i >= inputs.size() || !inputs[i].isTensor() || !inputs[i].toTensor().defined())
    return nullptr;
  return &inputs[i].toTensor();
}

// [.., n, k] x [.., k, m]
std::int64_t of_product(const torch::Tensor* a, const torch::Tensor* b) {
  if (a == nullptr || b == nullptr || a->dim() < 2) return 0;
  return 2 * a->numel() * (b->dim() < 2 ? 1 : b->size(-1));
}

// Every element of the smaller side (the output, or of a transposed convolution the input) meets
// all weights of its channel once.
std::int64_t of_convolution(std::int64_t elements, const torch::Tensor& weight) {
  return 2 * elements * (weight.numel() / std::max<std::int64_t>(1, weight.size(0)));
}

// input, weight, bias, stride, padding, dilation, transposed, output_padding, groups
std::int64_t of_forward(Inputs inputs) {
  const auto *input = tensor_at(inputs, 0), *weight = tensor_at(inputs, 1);
  if (input == nullptr || weight == nullptr || inputs.size() < 9 || input->dim() != weight->dim())
    return 0;
  if (inputs[6].toBool()) return of_convolution(input->numel(), *weight);
  auto elements = input->size(0) * weight->size(0);
  const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(),
             dilation = inputs[5].toIntVector();
  const auto at = [](const std::vector<std::int64_t>& list, std::int64_t i) {
    return list.size() == 1 ? list[0] : list[static_cast<std::size_t>(i)];
  };
  for (std::int64_t i = 0; i + 2 < input->dim(); ++i)
    elements *= (input->size(i + 2) + 2 * at(padding, i) -
                 at(dilation, i) * (weight->size(i + 2) - 1) - 1) /
                    at(stride, i) +
                1;
  return of_convolution(elements, *weight);
}

// grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding,
// groups, output_mask: as much as forward for each of the two large gradients asked for.
std::int64_t of_backward(Inputs inputs) {
  const auto *gradient = tensor_at(inputs, 0), *input = tensor_at(inputs, 1),
             *weight = tensor_at(inputs, 2);
  if (gradient == nullptr || input == nullptr || weight == nullptr || inputs.size() < 11) return 0;
  const auto mask = inputs[10].toBoolList();
  const auto times = std::int64_t{mask.get(0)} + std::int64_t{mask.get(1)};
  return times * of_convolution(inputs[7].toBool() ? input->numel() : gradient->numel(), *weight);
}

// Of nn/winograd, which computes the same by fewer: output or its gradient, weight.
std::int64_t of_own_convolution(Inputs inputs) {
  const auto *y = tensor_at(inputs, 0), *weight = tensor_at(inputs, 1);
  return y == nullptr || weight == nullptr ? 0 : of_convolution(y->numel(), *weight);
}

std::int64_t operations_of(const at::RecordFunction& function) {
  const char* name = function.name();
  const auto inputs = function.inputs();
  if (std::strcmp(name, "figment::product") == 0)  // of nn/product
    return of_product(tensor_at(inputs, 0), tensor_at(inputs, 1));
  if (std::strcmp(name, "figment::convolution") == 0) return of_own_convolution(inputs);
  if (std::strncmp(name, "aten::", 6) != 0) return 0;
  const std::string_view op(name + 6);
  if (op == "mm" || op == "bmm" || op == "mv")
    return of_product(tensor_at(inputs, 0), tensor_at(inputs, 1));
  if (op == "addmm" || op == "baddbmm" || op == "addmv" || op == "addmm_" || op == "baddbmm_")
    return of_product(tensor_at(inputs, 1), tensor_at(inputs, 2));
  if (op == "convolution") return of_forward(inputs);
  if (op == "convolution_backward") return of_backward(inputs);
  return 0;
}

struct Counted : at::ObserverContext {};

std::unique_ptr<at::ObserverContext> on_begin(const at::RecordFunction& function) {
  if (below > 0) {
    ++below;
    return std::make_unique<Counted>();
  }
  const auto count = operations_of(function);
  if (count == 0) return nullptr;
  operations += count;
  ++below;
  return std::make_unique<Counted>();
}

void on_end(const at::RecordFunction&, at::ObserverContext* context) {
  if (context != nullptr) --below;
}

}  // namespace

OperationCount::OperationCount()
    : handle_(at::addGlobalCallback(at::RecordFunctionCallback(&on_begin, &on_end)
                                        .needsInputs(true)
                                        .scopes({at::RecordScope::FUNCTION}))) {
  reset();
}
OperationCount::~OperationCount() { at::removeCallback(handle_); }

double OperationCount::total() const { return static_cast<double>(operations.load()); }
void OperationCount::reset() { operations = 0; }

}  // namespace figment
