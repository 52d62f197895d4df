// Row gathers.
#include "figment/kernels/gather.h"

#include <cstring>

#include "figment/kernels/clones.h"

namespace figment {
namespace {

// The whole batch in one call, so that small rows do not pay for the dispatch.
FIGMENT_CLONES
void gather_u8_loop(const std::uint8_t* __restrict source, const std::int64_t* __restrict index,
                    std::int64_t count, std::int64_t row, float scale, float shift,
                    float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* from = source + index[i] * row;
    float* to = out + i * row;
    for (std::int64_t j = 0; j < row; ++j) to[j] = static_cast<float>(from[j]) * scale + shift;
  }
}

}  // namespace

void gather_u8(const std::uint8_t* source, const std::int64_t* index, std::int64_t count,
               std::int64_t row, float scale, float shift, float* out) {
  gather_u8_loop(source, index, count, row, scale, shift, out);
}

void gather_f32(const float* source, const std::int64_t* index, std::int64_t count,
                std::int64_t row, float* out) {
  if (row == 0) return;
  const auto bytes = static_cast<std::size_t>(row) * sizeof(float);
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(out + i * row, source + index[i] * row, bytes);
}

}  // namespace figment
