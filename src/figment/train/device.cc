#include "figment/train/device.h"

#include "figment/core/cores.h"
#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {

torch::Device device_named(const std::string& name) {
  if (name == "auto") return torch::cuda::is_available() ? torch::kCUDA : torch::kCPU;
  if (name == "cpu") return torch::kCPU;
  int64_t index = 0;
  const bool cuda = name.rfind("cuda", 0) == 0;
  if (cuda && name.size() > 4) {
    const auto digits = name.substr(5);
    const bool good = name[4] == ':' && !digits.empty() && digits.size() <= 2 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
    index = good ? std::stol(digits) : -1;
  }
  if (!cuda || index < 0)
    fail(Cause::kConfig, "device", "expected auto, cpu, cuda or cuda:N, got '", printable(name),
         "'");
  const auto count = static_cast<int64_t>(torch::cuda::device_count());
  if (!torch::cuda::is_available() || index >= count)
    fail(Cause::kDevice, "device", "expected CUDA device ", index, ", found ", count,
         " that this LibTorch can use; use --device cpu, or build against a LibTorch with CUDA");
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

int64_t set_threads(int64_t threads) {
  if (threads <= 0) threads = available_cores();
  // Setting them makes LibTorch's second pool too, of a library nothing here uses, whose threads
  // spin for a tenth of a second beside the work; the program has told them by OMP_NUM_THREADS.
  if (torch::get_num_threads() != threads) torch::set_num_threads(static_cast<int>(threads));
  return threads;
}

void seed_generators(std::uint64_t seed) { torch::manual_seed(seed); }

}  // namespace figment
