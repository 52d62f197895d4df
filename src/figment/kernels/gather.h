// Copies the rows of a batch together from a data set, in one pass.
#pragma once

#include <cstdint>

namespace figment {

// out[i, :] = source[index[i], :] * scale + shift for i in 0 ... count - 1.
// source: [any, row], index: [count], out: [count, row], not overlapping. Every index must name a
// row of the source; rows may repeat. Splitting `index` and `out` splits the work.
void gather_u8(const std::uint8_t* source, const std::int64_t* index, std::int64_t count,
               std::int64_t row, float scale, float shift, float* out);

// out[i, :] = source[index[i], :], as above.
void gather_f32(const float* source, const std::int64_t* index, std::int64_t count,
                std::int64_t row, float* out);

}  // namespace figment
