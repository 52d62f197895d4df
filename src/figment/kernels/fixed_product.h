// Products of rows with one and the same matrix of floats, again and again, as in the steps of a
// recurrence, by oneDNN where figment was built with it.
#pragma once

#include <cstdint>
#include <memory>

#include "figment/kernels/product.h"

namespace figment {

// The matrix is laid once as the kernel of oneDNN reads it. multiply() has to do so at every call,
// a good part of its time where the rows are few.
class FixedProduct {
 public:
  // right(i, c), i < inner, c < columns, all of them above 0. Copied: it may change afterwards.
  // Throws std::runtime_error where oneDNN refuses, or is not there (multiplies() tells).
  FixedProduct(std::int64_t rows, std::int64_t columns, std::int64_t inner, const Factor& right);
  ~FixedProduct();
  FixedProduct(const FixedProduct&) = delete;
  FixedProduct& operator=(const FixedProduct&) = delete;
  FixedProduct(FixedProduct&&) = delete;
  FixedProduct& operator=(FixedProduct&&) = delete;

  // out[r * columns + c] += the sum over i of left[r * inner + i] right(i, c), for r < rows. For
  // one thread at a time; it takes threads of its own only where its caller is not one of several
  // already. Throws as the constructor does.
  void add(const float* left, float* out);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace figment
