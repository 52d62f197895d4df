// Transposes matrices: maps that lie plane by plane become pixels whose channels lie side by side.
#pragma once

#include <cstdint>

namespace figment {

// from [rows, columns] -> to [columns, rows], both dense; they must not overlap. T float or double.
template <class T>
void turn(const T* from, std::int64_t rows, std::int64_t columns, T* to);

}  // namespace figment
