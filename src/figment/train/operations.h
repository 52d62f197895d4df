// Counts the floating-point operations of what LibTorch computes, forward and backward alike.
#pragma once

#include <torch/torch.h>

namespace figment {

// Counts, from all threads, while it lives. A multiplication and an addition are two operations.
// Matrix products and convolutions are counted, as they are called with their true sizes; the rest,
// which is elementwise, is not.
class OperationCount {
 public:
  OperationCount();
  ~OperationCount();
  OperationCount(const OperationCount&) = delete;
  OperationCount& operator=(const OperationCount&) = delete;

  double total() const;  // since the beginning
  void reset();

 private:
  at::CallbackHandle handle_;
};

}  // namespace figment
