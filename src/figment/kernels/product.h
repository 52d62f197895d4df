// A product of two matrices of floats by oneDNN, where figment was built with it.
#pragma once

#include <cstdint>

namespace figment {

// Element (r, c) of a factor at r * stride + c, or, turned, at c * stride + r.
struct Factor {
  const float* data = nullptr;
  std::int64_t stride = 0;
  bool turned = false;
};

// Whether there is oneDNN to multiply by.
bool multiplies();

// out[r * stride + c] = the sum over i of left(r, i) right(i, c), or that much more with `add`;
// r < rows, c < columns, i < inner, and none of them 0. `out` must not overlap the factors. It
// takes threads of its own only where its caller is not one of several already. Throws
// std::runtime_error where oneDNN refuses, as it does for want of memory, or is not there.
void multiply(std::int64_t rows, std::int64_t columns, std::int64_t inner, const Factor& left,
              const Factor& right, float* out, std::int64_t stride, bool add);

}  // namespace figment
