// For tests: whether the numbers of a whole set were ever held at once.
#pragma once

#include <ATen/record_function.h>
#include <torch/torch.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace figment::testing {

// Looks, while it lives, at what every operator returns, by LibTorch's hook for profilers: for
// floats of as many rows and as many elements as `x` has. One at a time.
class WholeRows {
 public:
  explicit WholeRows(const torch::Tensor& x) {
    rows_ = x.size(0);
    elements_ = x.numel();
    found_ = false;
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &look)
                                        .needsOutputs(true)
                                        .scopes({at::RecordScope::FUNCTION}));
  }
  ~WholeRows() { at::removeCallback(handle_); }
  WholeRows(const WholeRows&) = delete;
  WholeRows& operator=(const WholeRows&) = delete;

  bool found() const { return found_; }

 private:
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) { return nullptr; }
  static void look(const at::RecordFunction& function, at::ObserverContext*) {
    for (const auto& output : function.outputs()) {
      if (!output.isTensor() || !output.toTensor().defined()) continue;
      const auto& tensor = output.toTensor();
      if (tensor.scalar_type() == torch::kFloat && tensor.numel() == elements_ &&
          tensor.dim() > 0 && tensor.size(0) == rows_)
        found_ = true;
    }
  }

  static inline std::atomic<std::int64_t> rows_{0}, elements_{0};
  static inline std::atomic<bool> found_{false};
  at::CallbackHandle handle_ = 0;
};

}  // namespace figment::testing
