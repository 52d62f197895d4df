#include "figment/data/loader.h"

#include <ATen/Parallel.h>

#include <numeric>

#include "figment/core/error.h"
#include "figment/core/random.h"
#include "figment/data/large.h"
#include "figment/data/padding.h"
#include "figment/kernels/gather.h"

namespace figment {
namespace {

void move(Batch& batch, const torch::Device& device) {
  for (auto* tensor : {&batch.x, &batch.label, &batch.length, &batch.attributes})
    if (tensor->defined()) *tensor = tensor->to(device);
}

}  // namespace

Loader::Loader(Dataset set, const Scaling& scaling, const LoaderOptions& options)
    : set_(std::move(set)), scaling_(scaling), options_(options) {
  FIGMENT_CHECK(options_.batch_size > 0);
  if (options_.device.is_cpu() || is_large(set_.x)) return;
  set_.x = set_.x.to(options_.device);
  if (set_.label.defined()) set_.label = set_.label.to(options_.device);
  if (set_.length.defined()) set_.length = set_.length.to(options_.device);
  if (set_.attributes.defined()) set_.attributes = set_.attributes.to(options_.device);
}

int64_t Loader::batches() const {
  return (set_.size() + options_.batch_size - 1) / options_.batch_size;
}

void Loader::order_epoch(int64_t epoch) {
  if (options_.shuffle) {
    const auto order = permutation(set_.size(), options_.seed, static_cast<std::uint64_t>(epoch));
    order_ = torch::tensor(order, torch::kLong).to(set_.x.device());
  } else if (!order_.defined()) {
    order_ = torch::arange(set_.size(), torch::kLong).to(set_.x.device());
  }
  ordered_epoch_ = epoch;
}

torch::Tensor Loader::rows(int64_t index) const {
  const auto begin = index * options_.batch_size;
  return order_.narrow(0, begin, std::min(options_.batch_size, set_.size() - begin));
}

Batch Loader::batch(int64_t epoch, int64_t index) {
  FIGMENT_CHECK(index >= 0 && index < batches());
  if (epoch != ordered_epoch_) order_epoch(epoch);
  auto out = gather(rows(index));
  if (set_.x.device().is_cpu()) {
    // Read from the disk, where they lie there, while the model learns from this batch.
    if (index + 1 < batches()) expect_rows(set_.x, rows(index + 1));
    if (!options_.device.is_cpu()) move(out, options_.device);
  }
  return out;
}

Batch Loader::gather(const torch::Tensor& rows) const {
  Batch out;
  if (set_.label.defined()) out.label = set_.label.index_select(0, rows);
  if (set_.length.defined()) out.length = set_.length.index_select(0, rows);
  if (set_.attributes.defined()) out.attributes = set_.attributes.index_select(0, rows);
  if (set_.x.device().is_cpu() && set_.x.scalar_type() == torch::kUInt8) {
    // Bytes are gathered and scaled in one pass: no copy of the set as floats is ever made.
    auto shape = set_.x.sizes().vec();
    const auto n = rows.size(0);
    shape[0] = n;
    out.x = torch::empty(shape, torch::kFloat);
    const auto row = set_.spec.elements();
    const auto* source = set_.x.data_ptr<std::uint8_t>();
    const auto* list = rows.data_ptr<int64_t>();
    auto* target = out.x.data_ptr<float>();
    at::parallel_for(0, n, 64, [&](int64_t from, int64_t to) {
      gather_u8(source, list + from, to - from, row, 1.0f / 255.0f, 0.0f, target + from * row);
    });
    return out;
  }
  out.x = to_model(scaling_, set_.x.index_select(0, rows), out.length);
  return out;
}

}  // namespace figment
