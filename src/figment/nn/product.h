// Matrix products for operators of our own, by the faster of two libraries.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <optional>

#include "figment/kernels/fixed_product.h"
#include "figment/kernels/product.h"

namespace figment {

// out = left right, or out += left right where it `adds`: [n, k] times [k, m], float or double on
// the CPU, none of it recorded in a graph. `out` must not overlap the factors.
//
// Floats are multiplied by oneDNN where figment was built with it, the matrices have their columns
// (or the factors, as transposed views, their rows) side by side and fast_paths() permits; all
// else is LibTorch's. On two cores of a processor with AVX2 (AMD EPYC, Zen 3), with sides of a
// hundred to a thousand, oneDNN took three quarters to all of OpenBLAS's time.
class Product {
 public:
  enum class Result { kReplaced, kAdded };
  Product(torch::Tensor out, torch::Tensor left, torch::Tensor right,
          Result result = Result::kReplaced);

  void compute() const;
  // Some rows or columns of `out`, which threads may compute apart.
  void compute_rows(int64_t from, int64_t count) const;
  void compute_columns(int64_t from, int64_t count) const;

  const torch::Tensor& out() const { return out_; }
  int64_t inner() const { return left_.size(1); }

 private:
  torch::Tensor out_, left_, right_;
  bool adds_;
  std::optional<Factor> a_, b_;  // both, where the kernel computes it
};

// out += left right for one and the same `right`, [k, m], again and again: by FixedProduct where
// Product would take its kernel, by LibTorch elsewhere. For one thread at a time.
class RepeatedProduct {
 public:
  // `right` must not change while this lives.
  RepeatedProduct(int64_t rows, torch::Tensor right);
  // left: [rows, k], out: [rows, m], both contiguous and of the type of `right`.
  void add(const torch::Tensor& left, torch::Tensor out);

 private:
  int64_t rows_;
  torch::Tensor right_;
  std::unique_ptr<FixedProduct> fixed_;  // nothing where LibTorch computes it
};

}  // namespace figment
