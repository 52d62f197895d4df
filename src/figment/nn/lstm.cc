// An LSTM's sequence, forward and back through time (Hochreiter & Schmidhuber 1997).
#include "figment/nn/lstm.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <vector>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"
#include "figment/kernels/lstm.h"
#include "figment/nn/precision.h"
#include "figment/nn/product.h"

namespace figment {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Calls work(first row, rows), one share of the rows for each thread. A thread takes its rows
// through all time steps: threads that met after each would wait for one another longer than they
// work.
template <class F>
void over_rows(int64_t rows, F&& work) {
  constexpr int64_t kFewest = 8;
  at::parallel_for(0, rows, kFewest, [&](int64_t from, int64_t to) {
    torch::NoGradGuard no_grad;  // each thread has a mode of its own
    work(from, to - from);
  });
}

// Of [T, n, k], the rows [from, from + rows) of each step.
std::vector<Tensor> steps_of(const Tensor& x, int64_t from, int64_t rows) {
  return x.narrow(1, from, rows).unbind(0);
}

struct Saved {
  Tensor gates, cells, outputs;  // [T, n, 4 * width], [T, n, width] twice
};

template <class T>
void forward_rows(const Tensor& sums, const Tensor& turned, const Tensor& output,
                  const Tensor& cell, const Saved& saved, int64_t from, int64_t rows) {
  const auto width = saved.cells.size(2);
  const auto sum = steps_of(sums, from, rows), cells = steps_of(saved.cells, from, rows);
  auto gates = steps_of(saved.gates, from, rows), outputs = steps_of(saved.outputs, from, rows);
  auto before = output.narrow(0, from, rows), memory = cell.narrow(0, from, rows);
  RepeatedProduct product(rows, turned);
  for (std::size_t t = 0; t < gates.size(); ++t) {
    product.add(before, gates[t].copy_(sum[t]));
    lstm_step(gates[t].data_ptr<T>(), memory.data_ptr<T>(), cells[t].data_ptr<T>(),
              outputs[t].data_ptr<T>(), rows, width);
    before = outputs[t];
    memory = cells[t];
  }
}

template <class T>
void backward_rows(const Tensor& given, const Tensor& weight, const Tensor& cell,
                   const Saved& saved, const Tensor& of_cell, const Tensor& of_gates, int64_t from,
                   int64_t rows) {
  const auto width = saved.cells.size(2);
  const auto of_output = steps_of(given, from, rows), gates = steps_of(saved.gates, from, rows);
  const auto cells = steps_of(saved.cells, from, rows), of_gate = steps_of(of_gates, from, rows);
  const auto start = cell.narrow(0, from, rows), of_memory = of_cell.narrow(0, from, rows);
  auto sum = of_output.back().clone(at::MemoryFormat::Contiguous);
  RepeatedProduct product(rows, weight);
  for (std::size_t t = gates.size(); t-- > 0;) {
    const auto& memory = t == 0 ? start : cells[t - 1];
    lstm_step_backward(gates[t].data_ptr<T>(), memory.data_ptr<T>(), cells[t].data_ptr<T>(),
                       sum.data_ptr<T>(), of_memory.data_ptr<T>(), of_gate[t].data_ptr<T>(), rows,
                       width);
    if (t > 0) product.add(of_gate[t], sum.copy_(of_output[t - 1]));
  }
}

class Sequence : public torch::autograd::Function<Sequence> {
 public:
  static variable_list forward(AutogradContext* context, const Variable& sums,
                               const Variable& weight, const Variable& output,
                               const Variable& cell) {
    const auto steps = sums.size(0), n = sums.size(1), width = weight.size(1);
    Saved saved;
    saved.gates = torch::empty({steps, n, 4 * width}, sums.options());
    saved.cells = torch::empty({steps, n, width}, sums.options());
    saved.outputs = torch::empty_like(saved.cells);
    const auto turned = weight.t(), first = output.contiguous(), start = cell.contiguous();
    AT_DISPATCH_FLOATING_TYPES(sums.scalar_type(), "lstm_sequence", [&] {
      over_rows(n, [&](int64_t from, int64_t rows) {
        forward_rows<scalar_t>(sums, turned, first, start, saved, from, rows);
      });
    });
    context->save_for_backward({weight, first, start, saved.gates, saved.cells, saved.outputs});
    return {saved.outputs, saved.cells[steps - 1].clone()};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    FIGMENT_CHECK(!torch::GradMode::is_enabled());  // there is no second derivative
    const auto all = context->get_saved_variables();
    const auto &weight = all[0], &output = all[1], &start = all[2];
    const Saved saved{all[3], all[4], all[5]};
    const auto steps = saved.gates.size(0);
    const auto given = gradients[0].defined() ? gradients[0] : torch::zeros_like(saved.outputs);
    const auto of_cell = gradients[1].defined()
                             ? gradients[1].clone(at::MemoryFormat::Contiguous)
                             : torch::zeros_like(start);  // becomes that of the first cell
    const auto of_gates = torch::empty_like(saved.gates);
    AT_DISPATCH_FLOATING_TYPES(saved.gates.scalar_type(), "lstm_sequence", [&] {
      over_rows(start.size(0), [&](int64_t from, int64_t rows) {
        backward_rows<scalar_t>(given, weight, start, saved, of_cell, of_gates, from, rows);
      });
    });
    Tensor of_weight, of_output;
    if (context->needs_input_grad(1)) {
      of_weight = torch::empty_like(weight, at::MemoryFormat::Contiguous);
      Product(of_weight, of_gates[0].t(), output).compute();
      if (steps > 1)
        Product(of_weight, of_gates.narrow(0, 1, steps - 1).flatten(0, 1).t(),
                saved.outputs.narrow(0, 0, steps - 1).flatten(0, 1), Product::Result::kAdded)
            .compute();
    }
    if (context->needs_input_grad(2)) of_output = of_gates[0].mm(weight);
    return {of_gates, of_weight, of_output, of_cell};
  }
};

}  // namespace

LstmSequence lstm_sequence(const torch::Tensor& sums, const torch::Tensor& weight,
                           const torch::Tensor& output, const torch::Tensor& cell) {
  auto both = Sequence::apply(in_full(sums), weight, in_full(output), in_full(cell));
  return {both[0], both[1]};
}

bool lstm_sequence_takes(const torch::Tensor& x) {
  return fast_paths() && x.device().is_cpu() &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble ||
          x.scalar_type() == torch::kBFloat16);
}

}  // namespace figment
