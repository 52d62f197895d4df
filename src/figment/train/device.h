// Which device and how many threads.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>

namespace figment {

// "auto" (CUDA where there is one), "cpu", "cuda", "cuda:N". Throws Error(kConfig) for other words
// and Error(kDevice) when there is no such device.
torch::Device device_named(const std::string& name);

// Sets LibTorch's threads to `threads`, or to the cores there are when 0; returns the number set.
int64_t set_threads(int64_t threads);

// Seeds all of LibTorch's generators, on all devices.
void seed_generators(std::uint64_t seed);

}  // namespace figment
