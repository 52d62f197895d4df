// Draws pen strokes with smooth edges, by the distance of each pixel to the stroke.
#pragma once

#include <cstdint>

namespace figment {

// A straight piece of a stroke in pixels: the pen goes from (x0, y0) to (x1, y1) while its radius
// changes from r0 to r1. The centre of the pixel in row i and column j is (j, i).
struct PenPiece {
  float x0, y0, x1, y1;
  float r0, r1;
  float ink;  // grey level where the pen covers the paper wholly, 0..1
};

// Lays the piece on canvas [height, width]: each pixel becomes the maximum of what it was and
// ink * clamp((radius - distance) / edge + 1/2, 0, 1). `edge` > 0 is the width of the soft edge in
// pixels. Touches only the piece's bounding box; what lies outside the canvas is cut off.
void draw_piece(const PenPiece& piece, float edge, std::int64_t height, std::int64_t width,
                float* canvas);

// out[i] = canvas[i] in 0..1 as 0..255, rounded.
void ink_to_bytes(const float* canvas, std::int64_t n, std::uint8_t* out);

}  // namespace figment
