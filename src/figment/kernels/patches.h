// The 3x3 about every pixel of one picture as rows, and their sum back.
#pragma once

#include <cstdint>

namespace figment {

struct PatchShape {
  std::int64_t channels, height, width;
};

// Calls f(row of pixel (y, x), place in it, element of the picture) for each that lies inside.
template <class F>
void for_each_tap(const PatchShape& s, F&& f) {
  const auto row = 9 * s.channels;
  for (std::int64_t y = 0; y < s.height; ++y)
    for (std::int64_t x = 0; x < s.width; ++x) {
      const auto at = (y * s.width + x) * row;
      for (std::int64_t c = 0; c < s.channels; ++c)
        for (int ky = 0; ky < 3; ++ky) {
          const auto from_y = y + ky - 1;
          if (from_y < 0 || from_y >= s.height) continue;
          for (int kx = 0; kx < 3; ++kx) {
            const auto from_x = x + kx - 1;
            if (from_x < 0 || from_x >= s.width) continue;
            f(at + 9 * c + std::int64_t{3} * ky + kx, (c * s.height + from_y) * s.width + from_x);
          }
        }
    }
}

// picture [C, H, W] -> rows [H * W, 9 * C], which must be 0 before.
template <class T>
void gather_patches(const T* picture, const PatchShape& shape, T* rows) {
  for_each_tap(shape, [&](std::int64_t to, std::int64_t from) { rows[to] = picture[from]; });
}

// Adds rows [H * W, 9 * C] to the picture [C, H, W] that they would be gathered from.
template <class T>
void scatter_patches(const T* rows, const PatchShape& shape, T* picture) {
  for_each_tap(shape, [&](std::int64_t from, std::int64_t to) { picture[to] += rows[from]; });
}

}  // namespace figment
