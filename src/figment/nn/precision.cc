#include "figment/nn/precision.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace figment {
namespace {

// LibTorch 2.4 gave these functions of their own for every kind of device.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool enabled_on(torch::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
void enable_on(torch::DeviceType device, bool on) {
  at::autocast::set_autocast_enabled(device, on);
}
torch::ScalarType type_on(torch::DeviceType device) {
  return at::autocast::get_autocast_dtype(device);
}
void set_type_on(torch::DeviceType device, torch::ScalarType type) {
  at::autocast::set_autocast_dtype(device, type);
}
#else
bool enabled_on(torch::DeviceType device) {
  return device == torch::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
void enable_on(torch::DeviceType device, bool on) {
  device == torch::kCPU ? at::autocast::set_cpu_enabled(on) : at::autocast::set_enabled(on);
}
torch::ScalarType type_on(torch::DeviceType device) {
  return device == torch::kCPU ? at::autocast::get_autocast_cpu_dtype()
                               : at::autocast::get_autocast_gpu_dtype();
}
void set_type_on(torch::DeviceType device, torch::ScalarType type) {
  device == torch::kCPU ? at::autocast::set_autocast_cpu_dtype(type)
                        : at::autocast::set_autocast_gpu_dtype(type);
}
#endif

}  // namespace

PrecisionScope::PrecisionScope(Precision precision, const torch::Device& device)
    : device_(device.type()),
      enabled_(enabled_on(device_)),
      remembers_(at::autocast::is_autocast_cache_enabled()),
      type_(type_on(device_)) {
  // Weights cast once and remembered would be old after an update in the midst of a step, and
  // without a gradient when the first to ask for them wanted none.
  at::autocast::set_autocast_cache_enabled(false);
  set_type_on(device_, torch::kBFloat16);
  enable_on(device_, precision == Precision::kBfloat16);
}

PrecisionScope::~PrecisionScope() {
  enable_on(device_, enabled_);
  set_type_on(device_, type_);
  at::autocast::set_autocast_cache_enabled(remembers_);
}

bool lowers_precision(const torch::Device& device) { return enabled_on(device.type()); }

torch::Tensor in_full(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 ? x.to(torch::kFloat) : x;
}

}  // namespace figment
