// Batches of a data set in an order that is a function of (seed, epoch), so that any batch of any
// epoch can be had at once and a resume replays nothing.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/data/batch.h"
#include "figment/data/dataset.h"
#include "figment/data/scaling.h"

namespace figment {

struct LoaderOptions {
  int64_t batch_size = 128;
  bool shuffle = false;
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

class Loader {
 public:
  // On CUDA the examples are kept on the device and gathered there, unless they lie on the disk
  // (large.h).
  Loader(Dataset set, const Scaling& scaling, const LoaderOptions& options);

  // Batches in an epoch; the last may be smaller.
  int64_t batches() const;
  int64_t examples() const { return set_.size(); }
  // Batch `index` in [0, batches()) of `epoch`, scaled for the model, on the device.
  Batch batch(int64_t epoch, int64_t index);

 private:
  void order_epoch(int64_t epoch);
  torch::Tensor rows(int64_t index) const;  // of the epoch that was ordered last
  Batch gather(const torch::Tensor& rows) const;

  Dataset set_;
  Scaling scaling_;
  LoaderOptions options_;
  int64_t ordered_epoch_ = -1;
  torch::Tensor order_;  // [n] int64, of ordered_epoch_
};

}  // namespace figment
