// The shapes people write digits in, as strokes of a pen.
#pragma once

#include <vector>

namespace figment {

struct Point {
  double x, y;  // x to the right, y down; a digit is about 1 high
};

// The points a pen passes through, joined by a smooth curve. A point given twice in a row is a
// corner.
using Stroke = std::vector<Point>;

// One way to write one digit.
struct DigitStyle {
  double weight;  // how often it is used, relative to the other styles of the digit
  std::vector<Stroke> strokes;
};

// The styles of `digit`, 0..9. Never empty.
const std::vector<DigitStyle>& digit_styles(int digit);

// The curve through the stroke's points as a line of short pieces, `steps` for each span:
// Catmull-Rom splines between corners. One point gives itself.
Stroke smooth_curve(const Stroke& stroke, int steps);

}  // namespace figment
