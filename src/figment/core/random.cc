// Philox4x32-10 and what is drawn from it.
#include "figment/core/random.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "figment/core/error.h"

namespace figment {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint32_t low_half(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
constexpr std::uint32_t high_half(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

// Set mix() and permutation() apart from a stream that a caller opens on the same seed.
constexpr std::uint64_t kMixKey = 0x6d69786564202020;
constexpr std::uint64_t kOrderKey = 0x6f72646572202020;

// Lemire's method on 32 bits: half the cost of Philox::below for the small n of an order.
std::uint32_t below_u32(Philox& random, std::uint32_t n) {
  auto product = static_cast<std::uint64_t>(random.u32()) * n;
  if (low_half(product) < n) {
    const std::uint32_t threshold = (0U - n) % n;
    while (low_half(product) < threshold) product = static_cast<std::uint64_t>(random.u32()) * n;
  }
  return high_half(product);
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t even = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t odd = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {high_half(odd) ^ counter[1] ^ key[0], low_half(odd),
               high_half(even) ^ counter[3] ^ key[1], low_half(even)};
    key[0] += 0x9E3779B9;  // the golden ratio
    key[1] += 0xBB67AE85;  // sqrt(3) - 1
  }
  return counter;
}

void Philox::refill() {
  block_ =
      philox({low_half(position_), high_half(position_), low_half(stream_), high_half(stream_)},
             {low_half(seed_), high_half(seed_)});
  ++position_;
  used_ = 0;
}

double Philox::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log1p(-uniform()));  // 1 - u is never 0
  const double angle = 2 * 3.14159265358979323846 * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t Philox::below(std::uint64_t n) {
  FIGMENT_CHECK(n >= 1);
  Wide product = static_cast<Wide>(u64()) * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t threshold = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<Wide>(u64()) * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t mix(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  const auto first = philox({low_half(a), high_half(a), low_half(b), high_half(b)},
                            {low_half(seed ^ kMixKey), high_half(seed ^ kMixKey)});
  return first[0] | static_cast<std::uint64_t>(first[1]) << 32;
}

std::vector<std::int64_t> permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch) {
  if (n < 1) return {};
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Philox random(seed ^ kOrderKey, epoch);
  for (auto last = static_cast<std::uint64_t>(n) - 1; last > 0; --last) {
    const auto other =
        last < 0xFFFFFFFF ? below_u32(random, low_half(last + 1)) : random.below(last + 1);
    std::swap(order[last], order[other]);
  }
  return order;
}

}  // namespace figment
