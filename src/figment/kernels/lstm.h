// One step of an LSTM between its two matrix products, forward and backward, each in one pass.
//
// Plain loops on one thread: the caller splits the rows (examples) and runs the pieces in parallel.
// Rows are independent of one another, so the result does not depend on the split. Arrays of one
// call must not overlap unless they are said to be updated.
#pragma once

#include <cstdint>

namespace figment {

// Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000. A row of `gates` holds
// four parts of `width`: input i, forget f, candidate g, output o.
//   gates: [rows, 4 * width], the sums before the nonlinearities; becomes i, f, g, o themselves.
//   before: [rows, width], the cell before this step.
//   cell = f * before + i * g, output = o * tanh(cell): [rows, width].
// The nonlinearities of floats are within 3e-7 of the true ones; what is not a number stays so.
void lstm_step(float* gates, const float* before, float* cell, float* output, std::int64_t rows,
               std::int64_t width);
void lstm_step(double* gates, const double* before, double* cell, double* output, std::int64_t rows,
               std::int64_t width);

// Its gradient.
//   gates, before, cell: as after lstm_step.
//   of_output: [rows, width], the gradient of the output.
//   of_cell: [rows, width], that of `cell` from later steps; becomes that of `before`.
//   of_gates: [rows, 4 * width], becomes that of the sums before the nonlinearities.
void lstm_step_backward(const float* gates, const float* before, const float* cell,
                        const float* of_output, float* of_cell, float* of_gates, std::int64_t rows,
                        std::int64_t width);
void lstm_step_backward(const double* gates, const double* before, const double* cell,
                        const double* of_output, double* of_cell, double* of_gates,
                        std::int64_t rows, std::int64_t width);

}  // namespace figment
