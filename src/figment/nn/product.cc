#include "figment/nn/product.h"

#include <ATen/record_function.h>

#include <vector>

#include "figment/core/error.h"
#include "figment/core/fast_paths.h"

namespace figment {
namespace {

using torch::Tensor;

// How a matrix lies in memory; nothing where neither its columns nor its rows are side by side.
std::optional<Factor> factor(const Tensor& t) {
  const auto rows = t.size(0), columns = t.size(1);
  const auto* data = t.data_ptr<float>();
  if (t.stride(1) == 1 && t.stride(0) >= columns) return Factor{data, t.stride(0), false};
  if (t.stride(0) == 1 && t.stride(1) >= rows) return Factor{data, t.stride(1), true};
  return std::nullopt;
}

Factor rows_of(Factor f, int64_t from) {
  f.data += from * (f.turned ? 1 : f.stride);
  return f;
}
Factor columns_of(Factor f, int64_t from) {
  f.data += from * (f.turned ? f.stride : 1);
  return f;
}

bool kernel_takes(const Tensor& t) {
  return fast_paths() && multiplies() && t.scalar_type() == torch::kFloat && t.numel() > 0;
}

// For those who count what is computed; LibTorch's products say it themselves.
void tell(const Tensor& left, const Tensor& right) {
  RECORD_FUNCTION("figment::product", std::vector<c10::IValue>({left, right}));
}

void by_torch(Tensor out, const Tensor& left, const Tensor& right, bool adds) {
  if (adds)
    out.addmm_(left, right);
  else
    torch::mm_out(out, left, right);
}

}  // namespace

Product::Product(Tensor out, Tensor left, Tensor right, Result result)
    : out_(std::move(out)),
      left_(std::move(left)),
      right_(std::move(right)),
      adds_(result == Result::kAdded) {
  FIGMENT_CHECK(out_.size(0) == left_.size(0) && out_.size(1) == right_.size(1) &&
                left_.size(1) == right_.size(0));
  if (!kernel_takes(left_) || right_.numel() == 0) return;
  if (out_.stride(1) != 1 || out_.stride(0) < out_.size(1)) return;
  a_ = factor(left_);
  b_ = factor(right_);
  if (!a_ || !b_) {
    a_ = std::nullopt;
    return;
  }
  tell(left_, right_);
}

void Product::compute() const { compute_rows(0, out_.size(0)); }

void Product::compute_rows(int64_t from, int64_t count) const {
  if (a_)
    return multiply(count, out_.size(1), inner(), rows_of(*a_, from), *b_,
                    out_.data_ptr<float>() + from * out_.stride(0), out_.stride(0), adds_);
  const bool all = count == out_.size(0);
  by_torch(all ? out_ : out_.narrow(0, from, count), all ? left_ : left_.narrow(0, from, count),
           right_, adds_);
}

void Product::compute_columns(int64_t from, int64_t count) const {
  if (a_)
    return multiply(out_.size(0), count, inner(), *a_, columns_of(*b_, from),
                    out_.data_ptr<float>() + from, out_.stride(0), adds_);
  const bool all = count == out_.size(1);
  by_torch(all ? out_ : out_.narrow(1, from, count), left_,
           all ? right_ : right_.narrow(1, from, count), adds_);
}

RepeatedProduct::RepeatedProduct(int64_t rows, Tensor right)
    : rows_(rows), right_(std::move(right)) {
  if (rows == 0 || !kernel_takes(right_)) return;
  if (const auto matrix = factor(right_))
    fixed_ = std::make_unique<FixedProduct>(rows, right_.size(1), right_.size(0), *matrix);
}

void RepeatedProduct::add(const Tensor& left, Tensor out) {
  FIGMENT_CHECK(left.size(0) == rows_ && left.size(1) == right_.size(0) && out.size(0) == rows_ &&
                out.size(1) == right_.size(1) && left.is_contiguous() && out.is_contiguous());
  if (!fixed_) {
    by_torch(std::move(out), left, right_, true);
    return;
  }
  tell(left, right_);
  fixed_->add(left.data_ptr<float>(), out.data_ptr<float>());
}

}  // namespace figment
