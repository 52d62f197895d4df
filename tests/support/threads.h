// LibTorch's threads, for a while.
#pragma once

#include <torch/torch.h>

namespace figment {

// While it lives, LibTorch has `count` threads.
class Threads {
 public:
  explicit Threads(int count) : before_(torch::get_num_threads()) { torch::set_num_threads(count); }
  ~Threads() { torch::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace figment
