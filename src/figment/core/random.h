// Random numbers from counters: Philox4x32-10 of Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011. A number is a function of (seed, stream, position), so
// whatever is drawn this way has no state to save and can be drawn again from the middle.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace figment {

// The block cipher itself: ten rounds of Philox on a counter of 128 bits under a key of 64.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

// One stream of numbers. Streams of different (seed, stream) are independent, and cost nothing to
// make: use one for each example. The integers are the same on every machine; normal() goes through
// the mathematics library and may differ in the last bit between libraries.
class Philox {
 public:
  explicit Philox(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  std::uint32_t u32() {
    if (used_ == 4) refill();
    return block_[used_++];
  }
  std::uint64_t u64() {
    const std::uint64_t low = u32();
    return low | static_cast<std::uint64_t>(u32()) << 32;
  }
  // Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>(u64() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Standard normal (Box-Muller, both of each pair are used).
  double normal();
  // Uniform in {0, ..., n - 1} without bias, n >= 1 (Lemire, "Fast random integer generation in an
  // interval", 2019).
  std::uint64_t below(std::uint64_t n);
  // True with probability p.
  bool chance(double p) { return uniform() < p; }

 private:
  void refill();

  std::uint64_t seed_, stream_;
  std::uint64_t position_ = 0;  // blocks drawn so far
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
  double spare_ = 0;  // the second normal of a pair
  bool has_spare_ = false;
};

// A seed derived from `seed` for the purpose (a, b), such as (epoch, worker). Different (a, b)
// under one seed give unrelated seeds.
std::uint64_t mix(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0);

// 0 ... n - 1 in an order that is a function of (seed, epoch): every order is equally likely
// (Fisher-Yates). n < 1 gives an empty order.
std::vector<std::int64_t> permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch);

}  // namespace figment
