// An LSTM's sequence, forward and back through time (Hochreiter & Schmidhuber 1997).
#include "figment/nn/lstm.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "figment/core/error.h"
#include "figment/kernels/lstm.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Calls work(first row, rows) for pieces that are worth a thread.
template <class F>
void over_rows(int64_t rows, int64_t width, F&& work) {
  constexpr int64_t kPiece = 2048;  // elements
  at::parallel_for(0, rows, std::max<int64_t>(1, kPiece / width),
                   [&](int64_t from, int64_t to) { work(from, to - from); });
}

// The arrays of one step of a sequence [T, n, width].
template <class T>
T* at_step(const Tensor& x, int64_t t) {
  return x.data_ptr<T>() + t * x.size(1) * x.size(2);
}

template <class T>
void gates_forward(const Tensor& gates, const Tensor& before, const Tensor& cells,
                   const Tensor& outputs, int64_t t) {
  const auto n = cells.size(1), width = cells.size(2);
  auto* gate = at_step<T>(gates, t);
  const auto* last = t == 0 ? before.data_ptr<T>() : at_step<T>(cells, t - 1);
  auto *cell = at_step<T>(cells, t), *output = at_step<T>(outputs, t);
  over_rows(n, width, [&](int64_t row, int64_t rows) {
    const auto offset = row * width;
    lstm_step(gate + 4 * offset, last + offset, cell + offset, output + offset, rows, width);
  });
}

template <class T>
void gates_backward(const Tensor& gates, const Tensor& before, const Tensor& cells,
                    const Tensor& of_output, const Tensor& of_cell, const Tensor& of_gates,
                    int64_t t) {
  const auto n = cells.size(1), width = cells.size(2);
  const auto *gate = at_step<T>(gates, t), *cell = at_step<T>(cells, t);
  const auto* last = t == 0 ? before.data_ptr<T>() : at_step<T>(cells, t - 1);
  const auto* of_y = of_output.data_ptr<T>();
  auto *of_c = of_cell.data_ptr<T>(), *of_gate = at_step<T>(of_gates, t);
  over_rows(n, width, [&](int64_t row, int64_t rows) {
    const auto offset = row * width;
    lstm_step_backward(gate + 4 * offset, last + offset, cell + offset, of_y + offset,
                       of_c + offset, of_gate + 4 * offset, rows, width);
  });
}

class Sequence : public torch::autograd::Function<Sequence> {
 public:
  static variable_list forward(AutogradContext* context, const Variable& sums,
                               const Variable& weight, const Variable& output,
                               const Variable& cell) {
    const auto steps = sums.size(0), n = sums.size(1), width = weight.size(1);
    const auto gates = torch::empty({steps, n, 4 * width}, sums.options());
    const auto cells = torch::empty({steps, n, width}, sums.options());
    const auto outputs = torch::empty_like(cells);
    const auto turned = weight.t(), start = cell.contiguous();
    for (int64_t t = 0; t < steps; ++t) {
      auto gate = gates[t];
      at::addmm_out(gate, sums[t], t == 0 ? output : outputs[t - 1], turned);
      if (sums.scalar_type() == torch::kFloat)
        gates_forward<float>(gates, start, cells, outputs, t);
      else
        gates_forward<double>(gates, start, cells, outputs, t);
    }
    context->save_for_backward({weight, output, start, gates, cells, outputs});
    return {outputs, cells[steps - 1].clone()};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());  // there is no second derivative
    const auto saved = context->get_saved_variables();
    const auto &weight = saved[0], &output = saved[1], &start = saved[2];
    const auto &gates = saved[3], &cells = saved[4], &outputs = saved[5];
    const auto steps = gates.size(0), n = gates.size(1), width = cells.size(2);
    const auto given = gradients[0].defined() ? gradients[0] : torch::zeros_like(outputs);
    auto of_cell = gradients[1].defined() ? gradients[1].clone(at::MemoryFormat::Contiguous)
                                          : torch::zeros({n, width}, gates.options());
    auto of_gates = torch::empty_like(gates);
    auto of_output = given[steps - 1].contiguous();
    auto sum = torch::empty({n, width}, gates.options());
    for (int64_t t = steps - 1; t >= 0; --t) {
      if (gates.scalar_type() == torch::kFloat)
        gates_backward<float>(gates, start, cells, of_output, of_cell, of_gates, t);
      else
        gates_backward<double>(gates, start, cells, of_output, of_cell, of_gates, t);
      if (t == 0) break;
      at::addmm_out(sum, given[t - 1], of_gates[t], weight);
      of_output = sum;
    }
    Tensor of_weight, of_start;
    if (context->needs_input_grad(1)) {
      of_weight = of_gates[0].t().mm(output);
      if (steps > 1)
        of_weight.addmm_(of_gates.narrow(0, 1, steps - 1).flatten(0, 1).t(),
                         outputs.narrow(0, 0, steps - 1).flatten(0, 1));
    }
    if (context->needs_input_grad(2)) of_start = of_gates[0].mm(weight);
    return {of_gates, of_weight, of_start, of_cell};
  }
};

}  // namespace

LstmSequence lstm_sequence(const torch::Tensor& sums, const torch::Tensor& weight,
                           const torch::Tensor& output, const torch::Tensor& cell) {
  auto both = Sequence::apply(sums, weight, output, cell);
  return {both[0], both[1]};
}

bool lstm_sequence_takes(const torch::Tensor& x) {
  return x.device().is_cpu() &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble);
}

}  // namespace figment
