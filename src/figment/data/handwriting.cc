// From the shape of a digit to its picture: the hand that bends it, then the pen that draws it.
#include "figment/data/handwriting.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "figment/data/digit_strokes.h"
#include "figment/kernels/pen.h"

namespace figment {
namespace {

constexpr int kSteps = 6;      // pieces for each span between two points
constexpr double kBox = 20.0;  // pixels of a sheet of kSheet that a digit fills, pen included
constexpr double kSheet = 28.0;
constexpr double kEdge = 1.15;  // soft edge of a line, in pixels of a sheet of kSheet
constexpr double kPi = 3.14159265358979323846;

// One of the digit's styles, by weight.
const DigitStyle& pick_style(int digit, Philox& random) {
  const auto& styles = digit_styles(digit);
  double total = 0;
  for (const auto& style : styles) total += style.weight;
  double left = total * random.uniform();
  for (const auto& style : styles) {
    left -= style.weight;
    if (left < 0) return style;
  }
  return styles.back();
}

// Moves each point a little, much like the one before it, the ends of a stroke more, and both
// points of a corner alike.
void unsteady(Stroke& stroke, double amount, Philox& random) {
  Point previous{}, walk{random.normal(), random.normal()}, shift{};
  for (std::size_t i = 0; i < stroke.size(); ++i) {
    const Point here = stroke[i];
    const bool corner = i > 0 && here.x == previous.x && here.y == previous.y;
    if (!corner) {
      const double reach = (i == 0 || i + 1 == stroke.size()) ? 1.6 * amount : amount;
      walk = {0.6 * walk.x + 0.8 * random.normal(), 0.6 * walk.y + 0.8 * random.normal()};
      shift = {reach * walk.x, reach * walk.y};
    }
    previous = here;
    stroke[i] = {here.x + shift.x, here.y + shift.y};
  }
}

// Rounds the corners of a line, as a hurried hand does; the ends stay.
void hurry(Stroke& line, int passes) {
  for (int pass = 0; pass < passes; ++pass) {
    Point before = line.front();
    for (std::size_t i = 1; i + 1 < line.size(); ++i) {
      const Point here = line[i];
      line[i] = {(before.x + 2 * here.x + line[i + 1].x) / 4,
                 (before.y + 2 * here.y + line[i + 1].y) / 4};
      before = here;
    }
  }
}

// A smooth bend of the plane that all strokes of a digit share: uneven proportions, waves, then an
// affine map.
class Bend {
 public:
  explicit Bend(Philox& random) {
    across_ = std::exp(0.12 * random.normal());
    down_ = std::exp(0.16 * random.normal());
    for (auto& wave : waves_) {
      const double angle = random.uniform(0, 2 * kPi), turns = random.uniform(0.4, 1.2);
      wave.kx = 2 * kPi * turns * std::cos(angle);
      wave.ky = 2 * kPi * turns * std::sin(angle);
      wave.phase = random.uniform(0, 2 * kPi);
      wave.x = 0.035 * random.normal();
      wave.y = 0.035 * random.normal();
    }
    const double rotation = 0.11 * random.normal();
    const double slant = 0.20 + 0.24 * random.normal();
    const double width = 0.86 * std::exp(0.20 * random.normal());
    const double c = std::cos(rotation), s = std::sin(rotation);
    xx_ = c * width, xy_ = -c * slant - s;  // y points down: a slant to the right is negative
    yx_ = s * width, yy_ = -s * slant + c;
  }

  Point operator()(Point p) const {
    p.x = power(p.x, across_) - 0.5;
    p.y = power(p.y, down_) - 0.5;
    Point q = p;
    for (const auto& wave : waves_) {
      const double swing = std::sin(wave.kx * p.x + wave.ky * p.y + wave.phase);
      q.x += wave.x * swing;
      q.y += wave.y * swing;
    }
    return {xx_ * q.x + xy_ * q.y, yx_ * q.x + yy_ * q.y};
  }

 private:
  struct Wave {
    double kx, ky, phase, x, y;
  };
  // t^exponent within (0, 1), which moves the middle and leaves the ends.
  static double power(double t, double exponent) {
    return t > 0 && t < 1 ? std::pow(t, exponent) : t;
  }

  double across_, down_;
  std::array<Wave, 4> waves_{};
  double xx_, xy_, yx_, yy_;
};

// A pen whose width and pressure swing slowly along the line.
class Pen {
 public:
  explicit Pen(Philox& random) {
    radius_ = std::clamp(1.36 * std::exp(0.25 * random.normal()), 0.55, 2.4);
    swing_ = 0.16 * std::abs(random.normal());
    ink_ = 1.08 - 0.08 * std::abs(random.normal());
    fading_ = 0.08 * std::abs(random.normal());
    phase_ = random.uniform(0, 2 * kPi);
    turns_ = random.uniform(1, 5);
  }
  double widest() const { return radius_ * (1 + std::min(swing_, 0.5)); }
  // In pixels of a sheet of kSheet, `length` of the digit's height from where the pen began.
  double radius(double length) const {
    return radius_ * (1 + std::min(swing_, 0.5) * std::sin(turns_ * length + phase_));
  }
  double ink(double length) const {
    const double wave = 0.5 + 0.5 * std::cos(1.7 * turns_ * length + phase_);
    return std::clamp(ink_ - fading_ * wave, 0.45, 1.0);
  }

 private:
  double radius_, swing_, ink_, fading_, phase_, turns_;
};

// The digit as lines of short pieces, in units of about its height.
std::vector<Stroke> trace(int digit, Philox& random) {
  auto strokes = pick_style(digit, random).strokes;
  const double amount = 0.024 * std::exp(0.40 * random.normal());
  for (auto& stroke : strokes) {
    const Point drift{0.02 * random.normal(), 0.02 * random.normal()};
    for (auto& point : stroke) point = {point.x + drift.x, point.y + drift.y};
    unsteady(stroke, amount, random);
  }
  const Bend bend(random);
  const auto passes = static_cast<int>(random.below(7));
  for (auto& stroke : strokes) {
    stroke = smooth_curve(stroke, kSteps);
    hurry(stroke, passes);
    for (auto& point : stroke) point = bend(point);
  }
  return strokes;
}

// Lays the line's pieces, in pixels of a sheet of kSheet and the digit's bounding box at the
// origin.
std::vector<PenPiece> draw(const std::vector<Stroke>& strokes, const Pen& pen) {
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (const auto& stroke : strokes) {
    for (const auto& p : stroke) {
      left = std::min(left, p.x), right = std::max(right, p.x);
      top = std::min(top, p.y), bottom = std::max(bottom, p.y);
    }
  }
  const double extent = std::max({right - left, bottom - top, 1e-3});
  const double scale = (kBox - 2 * pen.widest()) / extent;
  std::vector<PenPiece> pieces;
  double length = 0;
  for (const auto& stroke : strokes) {
    for (std::size_t i = 0; i + 1 < stroke.size(); ++i) {
      const Point a = stroke[i], b = stroke[i + 1];
      const double next = length + std::hypot(b.x - a.x, b.y - a.y) / extent;
      pieces.push_back({float((a.x - left) * scale), float((a.y - top) * scale),
                        float((b.x - left) * scale), float((b.y - top) * scale),
                        float(pen.radius(length)), float(pen.radius(next)), float(pen.ink(next))});
      length = next;
    }
  }
  return pieces;
}

Point centre_of_mass(const std::vector<PenPiece>& pieces) {
  double mass = 0, x = 0, y = 0;
  for (const auto& p : pieces) {
    const double weight = std::hypot(p.x1 - p.x0, p.y1 - p.y0) * (p.r0 + p.r1) * p.ink + 1e-9;
    mass += weight;
    x += weight * (p.x0 + p.x1) / 2;
    y += weight * (p.y0 + p.y1) / 2;
  }
  return {x / mass, y / mass};
}

}  // namespace

DigitSheet::DigitSheet(std::int64_t size)
    : size_(size), canvas_(static_cast<std::size_t>(size * size)) {}

void DigitSheet::write(int digit, Philox& random, std::uint8_t* out) {
  const auto strokes = trace(digit, random);
  const Pen pen(random);
  auto pieces = draw(strokes, pen);
  const auto centre = centre_of_mass(pieces);
  const double zoom = static_cast<double>(size_) / kSheet;
  const double middle = static_cast<double>(size_ - 1) / 2;
  // On a small sheet the edge stays about a pixel wide, or lines would look sawn.
  const auto edge = static_cast<float>(std::max(kEdge * zoom, 0.8));
  std::fill(canvas_.begin(), canvas_.end(), 0.0F);
  for (auto& p : pieces) {
    p.x0 = float((p.x0 - centre.x) * zoom + middle),
    p.y0 = float((p.y0 - centre.y) * zoom + middle);
    p.x1 = float((p.x1 - centre.x) * zoom + middle),
    p.y1 = float((p.y1 - centre.y) * zoom + middle);
    p.r0 = float(p.r0 * zoom), p.r1 = float(p.r1 * zoom);
    draw_piece(p, edge, size_, size_, canvas_.data());
  }
  ink_to_bytes(canvas_.data(), size_ * size_, out);
}

}  // namespace figment
