// Pen strokes by distance to a segment.
#include "figment/kernels/pen.h"

#include <algorithm>
#include <cmath>

namespace figment {
namespace {

// Pixels of a row that are drawn at once. A stroke is a few pixels wide, so that a loop of any
// length would spend its time in the rest that fills no vector.
constexpr std::int64_t kAbreast = 4;

struct Range {
  std::int64_t first, last;  // half open
};

// The pixels within `reach` of [a, b], cut to 0 ... extent. Clamped as floats first: a cast of what
// no integer can hold would be undefined.
Range pixels(float a, float b, float reach, std::int64_t extent) {
  const auto limit = static_cast<float>(extent);
  const float low = std::floor(std::min(a, b) - reach);
  const float high = std::ceil(std::max(a, b) + reach) + 1;
  return {static_cast<std::int64_t>(std::clamp(low, 0.0F, limit)),
          static_cast<std::int64_t>(std::clamp(high, 0.0F, limit))};
}

// A range widened to whole groups, to the right or, where the row ends, to the left: pixels out of
// the stroke's reach stay as they are. A row that is narrower keeps its range.
Range whole_groups(Range range, std::int64_t width) {
  const auto n = (range.last - range.first + kAbreast - 1) / kAbreast * kAbreast;
  if (n > width) return range;
  const auto first = std::min(range.first, width - n);
  return {first, first + n};
}

}  // namespace

void draw_piece(const PenPiece& piece, float edge, std::int64_t height, std::int64_t width,
                float* canvas) {
  const float reach = std::max(piece.r0, piece.r1) + edge / 2;
  const auto [left, right] = whole_groups(pixels(piece.x0, piece.x1, reach, width), width);
  const auto [top, bottom] = pixels(piece.y0, piece.y1, reach, height);
  const float dx = piece.x1 - piece.x0, dy = piece.y1 - piece.y0;
  const float per_length = 1 / std::max(dx * dx + dy * dy, 1e-12F);
  const float widening = piece.r1 - piece.r0;
  const float per_edge = 1 / edge;
  for (auto i = top; i < bottom; ++i) {
    float* row = canvas + i * width + left;
    const float py = static_cast<float>(i) - piece.y0;
    for (std::int32_t j = 0; j < static_cast<std::int32_t>(right - left); ++j) {
      const float px = static_cast<float>(static_cast<std::int32_t>(left) + j) - piece.x0;
      // The nearest point of the piece is start + along * (dx, dy).
      const float along = std::min(std::max((px * dx + py * dy) * per_length, 0.0F), 1.0F);
      const float qx = px - along * dx, qy = py - along * dy;
      const float distance = std::sqrt(qx * qx + qy * qy);
      const float covered = (piece.r0 + along * widening - distance) * per_edge + 0.5F;
      row[j] = std::max(row[j], piece.ink * std::min(std::max(covered, 0.0F), 1.0F));
    }
  }
}

void ink_to_bytes(const float* canvas, std::int64_t n, std::uint8_t* out) {
  for (std::int64_t i = 0; i < n; ++i)
    // Never negative; lround would not vectorise. NOLINTNEXTLINE(bugprone-incorrect-roundings)
    out[i] = static_cast<std::uint8_t>(std::min(std::max(canvas[i], 0.0F), 1.0F) * 255 + 0.5F);
}

}  // namespace figment
