#include "figment/kernels/turn.h"

#include "figment/kernels/clones.h"
#include "figment/kernels/exponential.h"

namespace figment {
namespace {

constexpr std::int64_t kSide = 8;

using Eight __attribute__((vector_size(kSide * sizeof(float)))) = float;
// The same where they lie anywhere: std::memcpy would be taken apart into halves before a clone for
// wider registers is made.
using EightAnywhere
    __attribute__((vector_size(kSide * sizeof(float)), aligned(alignof(float)), may_alias)) = float;

// Eight rows of eight: blocks off the diagonal are exchanged, of four, two and one.
FIGMENT_INLINE void turn_square(const float* from, std::int64_t step, float* to,
                                std::int64_t to_step) {
  Eight r[kSide];
  for (int i = 0; i < kSide; ++i) r[i] = *reinterpret_cast<const EightAnywhere*>(from + i * step);
  for (int i = 0; i < 4; ++i) {
    const Eight a = r[i], b = r[i + 4];
    r[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i : {0, 1, 4, 5}) {
    const Eight a = r[i], b = r[i + 2];
    r[i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    r[i + 2] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < kSide; i += 2) {
    const Eight a = r[i], b = r[i + 1];
    r[i] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    r[i + 1] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < kSide; ++i) *reinterpret_cast<EightAnywhere*>(to + i * to_step) = r[i];
}

template <class T>
FIGMENT_INLINE void turn_plainly(const T* from, std::int64_t rows, std::int64_t columns,
                                 std::int64_t first_row, std::int64_t first_column,
                                 std::int64_t last_column, T* to) {
  for (auto row = first_row; row < rows; ++row)
    for (auto column = first_column; column < last_column; ++column)
      to[column * rows + row] = from[row * columns + column];
}

FIGMENT_CLONES
void turn_floats(const float* from, std::int64_t rows, std::int64_t columns, float* to) {
  const auto whole_rows = rows - rows % kSide, whole_columns = columns - columns % kSide;
  for (std::int64_t column = 0; column < whole_columns; column += kSide)
    for (std::int64_t row = 0; row < whole_rows; row += kSide)
      turn_square(from + row * columns + column, columns, to + column * rows + row, rows);
  turn_plainly(from, rows, columns, whole_rows, 0, whole_columns, to);
  turn_plainly(from, rows, columns, 0, whole_columns, columns, to);
}

}  // namespace

template <>
void turn(const float* from, std::int64_t rows, std::int64_t columns, float* to) {
  turn_floats(from, rows, columns, to);
}
template <>
void turn(const double* from, std::int64_t rows, std::int64_t columns, double* to) {
  turn_plainly(from, rows, columns, 0, 0, columns, to);
}

}  // namespace figment
