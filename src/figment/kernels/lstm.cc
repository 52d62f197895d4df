// The gates of an LSTM, fused.
#include "figment/kernels/lstm.h"

#include "figment/kernels/clones.h"
#include "figment/kernels/exponential.h"

namespace figment {
namespace {

template <class T>
FIGMENT_INLINE void step(T* __restrict gates, const T* __restrict before, T* __restrict cell,
                         T* __restrict output, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row) {
    T* __restrict i = gates + 4 * width * row;
    T* __restrict f = i + width;
    T* __restrict g = f + width;
    T* __restrict o = g + width;
    const T* __restrict b = before + width * row;
    T* __restrict c = cell + width * row;
    T* __restrict y = output + width * row;
    for (std::int64_t j = 0; j < width; ++j) {
      i[j] = sigmoid(i[j]);
      f[j] = sigmoid(f[j]);
      g[j] = hyperbolic(g[j]);
      o[j] = sigmoid(o[j]);
      c[j] = f[j] * b[j] + i[j] * g[j];
      y[j] = o[j] * hyperbolic(c[j]);
    }
  }
}

template <class T>
FIGMENT_INLINE void backward(const T* __restrict gates, const T* __restrict before,
                             const T* __restrict cell, const T* __restrict of_output,
                             T* __restrict of_cell, T* __restrict of_gates, std::int64_t rows,
                             std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* __restrict i = gates + 4 * width * row;
    const T* __restrict f = i + width;
    const T* __restrict g = f + width;
    const T* __restrict o = g + width;
    const T* __restrict b = before + width * row;
    const T* __restrict c = cell + width * row;
    const T* __restrict of_y = of_output + width * row;
    T* __restrict of_c = of_cell + width * row;
    T* __restrict of_i = of_gates + 4 * width * row;
    T* __restrict of_f = of_i + width;
    T* __restrict of_g = of_f + width;
    T* __restrict of_o = of_g + width;
    for (std::int64_t j = 0; j < width; ++j) {
      const T squashed = hyperbolic(c[j]);
      const T here = of_c[j] + of_y[j] * o[j] * (1 - squashed * squashed);
      of_i[j] = here * g[j] * i[j] * (1 - i[j]);
      of_f[j] = here * b[j] * f[j] * (1 - f[j]);
      of_g[j] = here * i[j] * (1 - g[j] * g[j]);
      of_o[j] = of_y[j] * squashed * o[j] * (1 - o[j]);
      of_c[j] = here * f[j];
    }
  }
}

FIGMENT_CLONES
void step_floats(float* gates, const float* before, float* cell, float* output, std::int64_t rows,
                 std::int64_t width) {
  step(gates, before, cell, output, rows, width);
}

FIGMENT_CLONES
void backward_floats(const float* gates, const float* before, const float* cell,
                     const float* of_output, float* of_cell, float* of_gates, std::int64_t rows,
                     std::int64_t width) {
  backward(gates, before, cell, of_output, of_cell, of_gates, rows, width);
}

}  // namespace

void lstm_step(float* gates, const float* before, float* cell, float* output, std::int64_t rows,
               std::int64_t width) {
  step_floats(gates, before, cell, output, rows, width);
}

void lstm_step(double* gates, const double* before, double* cell, double* output, std::int64_t rows,
               std::int64_t width) {
  step(gates, before, cell, output, rows, width);
}

void lstm_step_backward(const float* gates, const float* before, const float* cell,
                        const float* of_output, float* of_cell, float* of_gates, std::int64_t rows,
                        std::int64_t width) {
  backward_floats(gates, before, cell, of_output, of_cell, of_gates, rows, width);
}

void lstm_step_backward(const double* gates, const double* before, const double* cell,
                        const double* of_output, double* of_cell, double* of_gates,
                        std::int64_t rows, std::int64_t width) {
  backward(gates, before, cell, of_output, of_cell, of_gates, rows, width);
}

}  // namespace figment
